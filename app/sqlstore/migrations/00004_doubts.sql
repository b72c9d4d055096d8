-- When a removal was told that nobody could check yet, and whether it asked to
-- delete everything (1). Both are 0 where there is no doubt.

-- +goose Up
ALTER TABLE portals ADD COLUMN doubted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE portals ADD COLUMN doubted_clean BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE portals DROP COLUMN doubted_clean;
ALTER TABLE portals DROP COLUMN doubted_at;
