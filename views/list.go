package views

// Gathered is what is left to say and to decide about a pasted list.
type Gathered struct {
	Words
	// Lines are to be decided.
	Lines []Undecided
	// Rest are the lines that wait until those chosen were added; Waiting counts
	// them. Full: one add takes no more people.
	Rest    []string
	Waiting string
	Full    bool
	// Notes tell who was left out, and why.
	Notes []string
	// Said sums it up for people who listen.
	Said string
}

// Undecided is a line of which it is not certain who is meant.
type Undecided struct {
	// ID names what is uncertain within the page.
	ID string
	// Text is the line as it was typed, Why what is uncertain.
	Text, Why string
	// Options are those who may be meant; perhaps none.
	Options []Option
}
