package views

// Squads is the place where squads are made and changed. It is folded, and
// empty, until somebody asks for it.
type Squads struct {
	Words
	Open bool
	Rows []Squad
	// Note tells what was changed, or why it was not; Said the same for people
	// who listen.
	Note, Said string
	// MaxName is how many characters a name may have.
	MaxName string
	// Shareable: the viewer may share squads.
	Shareable bool
}

// Squad is a squad of the viewer, or one that somebody shares.
type Squad struct {
	Crowd
	ID string
	// Changeable: the viewer may change it. Shared: everybody sees it.
	Changeable, Shared bool
}
