package sqlstore

// Tables are the tables that backups hold.
var Tables = tables

// SealedColumns are the columns that a rotation seals anew, as table.column.
func SealedColumns() (all []string) {
	for _, t := range sealedTables {
		for _, column := range t.sealed {
			all = append(all, t.name+"."+column)
		}
	}
	return all
}
