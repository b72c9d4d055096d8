-- Selections of people that got a name: see app.Squad.

-- +goose Up
CREATE TABLE squads (
    member_id TEXT   NOT NULL REFERENCES portals (member_id) ON DELETE CASCADE,
    id        TEXT   NOT NULL,
    user_id   BIGINT NOT NULL, -- who made it
    shared    BIGINT NOT NULL, -- 1: every employee sees it
    squad     TEXT   NOT NULL, -- sealed
    PRIMARY KEY (member_id, id)
);
CREATE INDEX squads_of ON squads (member_id, user_id);

-- +goose Down
DROP TABLE squads;
