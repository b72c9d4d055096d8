package views

import "strconv"

// Journal is the section of the journal.
type Journal struct {
	Words
	// Visit is the sealed visit.
	Visit string
	// About tells whose entries these are, ZoneSays in which time zone, Zone
	// its name. Trouble is what was wrong with the filter.
	About, ZoneSays, Zone, Trouble string
	// Person, Number, From and To are what was typed into the filter.
	Person, Number, From, To string
	// Types, Channels, Kinds and Outcomes are what the filter offers.
	Types, Channels, Kinds, Outcomes []FilterOption
	// Days are the picture of the use, the oldest first; Peak is the most of one.
	Days []UseDay
	Peak int
	// Causes tell why things were not done.
	Causes []Cause
	Lines  []Entry
	// Before is where older entries begin; "" when there are none.
	Before string
}

// FilterOption is one of the values that a field offers.
type FilterOption struct {
	Value, Name string
	Chosen      bool
}

// Entry is one line of the journal.
type Entry struct {
	Words
	// At is when, for machines, and Time for people.
	At, Time string
	Kind, By string
	// Rights tells with whose rights it was done, where that is another person's.
	Rights string
	Whom   string
	// Item leads to URL.
	Item, URL, Chat string
	// State is the outcome, Class that of its badge, and Because the cause.
	State, Class, Because string
	// Note tells that people were told.
	Note string
	// Setting is what was changed of the policy, Detail what it is now.
	Setting, Detail string
}

// Past is who was added to a chat, as its row tells.
type Past struct {
	Words
	// ID is the chat's, Ref its sealed reference, Called what sentences call it.
	ID, Ref, Called string
	// Open: the lines were asked for; there may be none.
	Open  bool
	Lines []Entry
}

// UseDay is how much was done, and not, on a day.
type UseDay struct {
	Date         string
	Done, Undone int
}

// Cause is how often something was not done for one reason; Most is how often
// that was for the most frequent.
type Cause struct {
	Name        string
	Count, Most int
}

const (
	// useStep and useBar are how far apart the bars of days are, and how wide;
	// useHeight is the height of the highest.
	useStep, useBar, useHeight = 20, 14, 80
	// causeWidth is the length of the longest bar of a cause.
	causeWidth = 120
)

// bar is a part of the bar of day n: so high, with so much below it.
func (j Journal) bar(n, count, below int) (x, y, height string) {
	high := func(count int) int { return (count*useHeight + j.Peak - 1) / max(1, j.Peak) }
	return strconv.Itoa(n * useStep), strconv.Itoa(useHeight - high(count+below)), strconv.Itoa(high(count+below) - high(below))
}

// viewBox is the size of the picture.
func (j Journal) viewBox() string {
	return "0 0 " + strconv.Itoa(len(j.Days)*useStep) + " " + strconv.Itoa(useHeight+1)
}

// width is how long the bar of a cause is.
func (c Cause) width() string { return strconv.Itoa(max(2, c.Count*causeWidth/max(1, c.Most))) }
