package views

import "github.com/a-h/templ"

// Picker is the field in which colleagues are chosen.
type Picker struct {
	Words
	// Query is what was typed; set where the page was asked for as a whole.
	Query string
	// Max is how many characters the field takes.
	Max    string
	Chosen []Choice
	// Found are the people found for Query, for a page without scripts.
	Found Found
	// Suggested are the people suggested, for a page without scripts.
	Suggested []SuggestedGroup
	// Gathered is what is left of a pasted list.
	Gathered Gathered
	// Squads are those of the viewer, where they were asked for.
	Squads Squads
	// Taken tells about several people chosen at once.
	Taken Taken
}

// Choice is a person chosen already.
type Choice struct {
	ID, Name string
	// Position tells namesakes apart; it may be empty.
	Position string
	// Ref is the sealed reference to the person.
	Ref string
	// Dropped is said when the choice is taken back.
	Dropped string
}

// Found are the people found for a query.
type Found struct {
	Words
	Options []Option
	// First and Last are departments that stand before and behind the people.
	First, Last []Crowd
	// Said counts them, or says that nobody was found.
	Said string
	// Slow: the portal searched, which should not happen at every letter.
	Slow bool
	// Listed: what was typed is a list, which nobody fits as a whole.
	Listed bool
	// Reading tells how far the reading of the staff is; "" when it is done.
	Reading string
}

// Option is a person found.
type Option struct {
	Choice
	Face Face
	// Detail is the position and the like.
	Detail string
	// Now is whether they are active, where that is known already.
	Now string
	// Doubtable: it may turn out that adding them may be refused.
	Doubtable bool
	// Barred says why the person cannot be chosen; "" when they can.
	Barred string
	// Picked tells that the person is among the chosen.
	Picked bool
	// With names those who were added together with the person, as often as
	// they were, for a page that suggests them.
	With string
	// Added is said when the person is chosen.
	Added string
}

// chip is what the script makes a chip of.
func (o Option) chip() templ.Attributes {
	return templ.Attributes{
		"data-user": o.ID, "data-value": o.Ref, "data-name": o.Name, "data-position": o.Position,
		"data-chosen": o.Added, "data-dropped": o.Dropped,
	}
}
