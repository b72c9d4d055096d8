package views

// Presence is what is known right now about a person found.
type Presence struct {
	ID string
	// Now is whether they are active or absent; it may be empty.
	Now string
	// Until is the day until which they are absent, for scripts to write it in
	// place of the {} of Absent as the person who reads is used to.
	Until, Absent string
	// Doubt is why adding them may be refused; "" when nothing speaks against it.
	Doubt string
}
