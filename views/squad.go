package views

// Squads is the place where squads are made and changed. It is folded, and
// empty, until somebody asks for it.
type Squads struct {
	Words
	// Visit is the sealed visit, where the place has forms of its own.
	Visit string
	Open  bool
	Rows  []Squad
	// Note tells what was changed, or why it was not; Said the same for people
	// who listen.
	Note, Said string
	// Done: what was asked for was done.
	Done bool
	// MaxName is how many characters a name may have.
	MaxName string
	// Shareable: the viewer may share squads.
	Shareable bool
}

// Squad is a squad of the viewer, or one that somebody shares.
type Squad struct {
	Crowd
	ID string
	// People are its people's names, where they are told.
	People string
	// Changeable: the viewer may change it. Shared: everybody sees it.
	Changeable, Shared bool
}
