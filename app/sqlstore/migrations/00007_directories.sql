-- What was read of a portal's staff, in pieces because it may be large, and
-- who is reading it now: see app.Directory and app.Reading.

-- +goose Up
CREATE TABLE directories (
    member_id   TEXT   NOT NULL PRIMARY KEY REFERENCES portals (member_id) ON DELETE CASCADE,
    read_at     BIGINT NOT NULL, -- of the pieces that are kept
    people      BIGINT NOT NULL, -- met so far by the reading that goes on
    lease_until BIGINT NOT NULL
);

CREATE TABLE directory_pieces (
    member_id TEXT   NOT NULL REFERENCES directories (member_id) ON DELETE CASCADE,
    read_at   BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    piece     TEXT   NOT NULL, -- sealed
    PRIMARY KEY (member_id, read_at, number)
);

-- +goose Down
DROP TABLE directory_pieces;
DROP TABLE directories;
