-- The keys of local applications. Each belongs to one portal; which one is not
-- known before it is installed there.

-- +goose Up
CREATE TABLE registrations (
    client_id     TEXT   NOT NULL PRIMARY KEY,
    client_secret TEXT   NOT NULL, -- sealed
    portal        TEXT   NOT NULL, -- host of the only portal that may install it, or empty
    added_at      BIGINT NOT NULL
);

-- +goose Down
DROP TABLE registrations;
