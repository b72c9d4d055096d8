-- Adds that one person prepared for another to make: see app.Errand.

-- +goose Up
CREATE TABLE errands (
    member_id TEXT   NOT NULL REFERENCES portals (member_id) ON DELETE CASCADE,
    id        TEXT   NOT NULL,
    user_id   BIGINT NOT NULL, -- who prepared it
    errand    TEXT   NOT NULL, -- sealed
    until_at  BIGINT NOT NULL,
    PRIMARY KEY (member_id, id)
);

-- +goose Down
DROP TABLE errands;
