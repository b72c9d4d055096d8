package views

// Step is a button that may help where people could not be added, or what became
// of pressing it.
type Step struct {
	// ID names its place.
	ID string
	// URL, Name and Value are what the button sends and where, Label what it
	// says; an empty Label: there is no button.
	URL, Name, Value, Label string
	// About names whom the button is about, where that is one person.
	About string
	// Said is what became of it; "" before it was pressed.
	Said string
}
