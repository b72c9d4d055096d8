-- Chats that people wait for: see app.Wish. It is looked at next when it is due,
-- by whoever then holds its lease.

-- +goose Up
CREATE TABLE wishes (
    member_id   TEXT   NOT NULL REFERENCES portals (member_id) ON DELETE CASCADE,
    user_id     BIGINT NOT NULL,
    chat_id     BIGINT NOT NULL,
    wish        TEXT   NOT NULL, -- sealed
    until_at    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (member_id, user_id, chat_id)
);

-- +goose Down
DROP TABLE wishes;
