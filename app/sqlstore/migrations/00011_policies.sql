-- Who may bring whom: see app.Policy.

-- +goose Up
CREATE TABLE policies (
    member_id TEXT   NOT NULL PRIMARY KEY REFERENCES portals (member_id) ON DELETE CASCADE,
    version   BIGINT NOT NULL,
    policy    TEXT   NOT NULL -- sealed
);

-- +goose Down
DROP TABLE policies;
