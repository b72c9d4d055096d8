-- What a person is used to: see app.Habits.

-- +goose Up
CREATE TABLE habits (
    member_id TEXT   NOT NULL REFERENCES portals (member_id) ON DELETE CASCADE,
    user_id   BIGINT NOT NULL,
    habits    TEXT   NOT NULL, -- sealed
    PRIMARY KEY (member_id, user_id)
);

-- +goose Down
DROP TABLE habits;
