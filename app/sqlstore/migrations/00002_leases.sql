-- When the lease ends under which the pair is being renewed. It is 0 when nobody
-- renews it, and stays where a process died while it did.

-- +goose Up
ALTER TABLE tokens ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE tokens DROP COLUMN lease_until;
