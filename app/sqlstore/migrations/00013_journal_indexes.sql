-- What is rare in a journal is found without reading all of it. The last index
-- holds the few lines that were done with the rights of somebody else.

-- +goose Up
DROP INDEX journal_by;
CREATE INDEX journal_kind ON journal (member_id, kind, id);
CREATE INDEX journal_reason ON journal (member_id, reason, id);
CREATE INDEX journal_connector ON journal (member_id, connector, id);
CREATE INDEX journal_delegated ON journal (member_id, id) WHERE asked_id <> by_id;

-- +goose Down
DROP INDEX journal_delegated;
DROP INDEX journal_connector;
DROP INDEX journal_reason;
DROP INDEX journal_kind;
CREATE INDEX journal_by ON journal (member_id, by_id, id);
