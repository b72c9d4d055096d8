-- Times are microseconds since 1970 in UTC, 0 for never. Columns that the
-- comments call sealed hold text that app.Sealer made.

-- +goose Up
CREATE TABLE portals (
    member_id         TEXT   NOT NULL PRIMARY KEY,
    portal            TEXT   NOT NULL,
    endpoint          TEXT   NOT NULL,
    server            TEXT   NOT NULL,
    client_id         TEXT   NOT NULL,
    installer         BIGINT NOT NULL,
    application_token TEXT   NOT NULL, -- sealed
    installed_at      BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    removed_at        BIGINT NOT NULL
);

CREATE TABLE tokens (
    member_id     TEXT   NOT NULL REFERENCES portals (member_id) ON DELETE CASCADE,
    role          TEXT   NOT NULL,
    user_id       BIGINT NOT NULL,
    access_token  TEXT   NOT NULL, -- sealed
    refresh_token TEXT   NOT NULL, -- sealed
    expires_at    BIGINT NOT NULL,
    scope         TEXT   NOT NULL,
    saved_at      BIGINT NOT NULL,
    PRIMARY KEY (member_id, role, user_id)
);

-- One row: a known text, sealed. It tells at start whether the key is the right one.
CREATE TABLE key_check (
    id     BIGINT NOT NULL PRIMARY KEY,
    sealed TEXT   NOT NULL
);

-- +goose Down
DROP TABLE key_check;
DROP TABLE tokens;
DROP TABLE portals;
