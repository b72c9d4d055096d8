-- What was done through Joinline: see app.Entry. The numbers grow with time.
-- Lines hold numbers and codes alone; what people and things are called stands
-- once for all of them, until nothing speaks of it any more.

-- +goose Up
CREATE TABLE journal (
    member_id  TEXT   NOT NULL REFERENCES portals (member_id) ON DELETE CASCADE,
    id         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    begun_at   BIGINT NOT NULL,
    settled_at BIGINT NOT NULL,
    asked_id   BIGINT NOT NULL, -- who asked for it
    by_id      BIGINT NOT NULL, -- with whose rights it was done
    whom_id    BIGINT NOT NULL,
    item_type  TEXT   NOT NULL,
    item_id    BIGINT NOT NULL,
    owner_type TEXT   NOT NULL,
    owner_id   BIGINT NOT NULL,
    chat_id    BIGINT NOT NULL,
    line_id    BIGINT NOT NULL,
    connector  TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    note       BIGINT NOT NULL, -- 1: people were told why
    detail     TEXT   NOT NULL,
    PRIMARY KEY (member_id, id)
);
CREATE INDEX journal_asked ON journal (member_id, asked_id, id);
CREATE INDEX journal_by ON journal (member_id, by_id, id);
CREATE INDEX journal_whom ON journal (member_id, whom_id, id);
CREATE INDEX journal_chat ON journal (member_id, chat_id, id);
CREATE INDEX journal_item ON journal (member_id, item_type, item_id, id);
CREATE INDEX journal_owner ON journal (member_id, owner_type, owner_id, id);
CREATE INDEX journal_state ON journal (member_id, state, id);

CREATE TABLE journal_names (
    member_id TEXT   NOT NULL REFERENCES portals (member_id) ON DELETE CASCADE,
    about     TEXT   NOT NULL, -- "user:22", "chat:1763", "DEAL:77", "connector:telegrambot"
    name      TEXT   NOT NULL, -- sealed
    heard_at  BIGINT NOT NULL, -- not before any line that speaks of it
    PRIMARY KEY (member_id, about)
);

-- +goose Down
DROP TABLE journal_names;
DROP TABLE journal;
