package sqlstore

// Tables are the tables that backups hold.
var Tables = tables
