-- A period of purchases in the order of recording: what a simulation of a plan replays.
CREATE INDEX purchase_recorded_idx ON purchase (tenant_id, recorded_at, id);
