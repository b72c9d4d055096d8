-- When a genuine event of the portal arrived last; 0: never.

-- +goose Up
ALTER TABLE portals ADD COLUMN event_seen_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE portals DROP COLUMN event_seen_at;
