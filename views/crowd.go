package views

// Crowd is a choice that stands for several people, told before the click.
type Crowd struct {
	// ID names it within the page, Ref is the sealed reference to it.
	ID, Ref string
	Name    string
	Face    Face
	// Detail is what it is and how many people are in it.
	Detail string
	// Barred says why it cannot be chosen; "" when it can.
	Barred string
}

// Taken is what is to be said about the people of a crowd that was chosen.
type Taken struct {
	Notes []string
	// Said sums it up for people who listen.
	Said string
}
