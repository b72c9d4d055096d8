package views

// Health is what stands under the heading of the section about how things are.
type Health struct {
	Words
	// Visit is the sealed visit, which its buttons post.
	Visit string
	// Groups are the checks that are made in one go.
	Groups []HealthGroup
	// Verdict is the worst of all, its class, and Says what it means; "" while
	// not all checks are made.
	Verdict, Says string
}

// HealthGroup are checks that the page's script has made in one go.
type HealthGroup struct {
	Words
	// ID names the group to the script.
	ID string
	// Visit is as in Health.
	Visit  string
	Checks []Check
}

// Check is one thing that was looked at, or will be.
type Check struct {
	ID, Name string
	// Kind is the class of the verdict, "fine", "unchecked", "attention" or
	// "broken", and Verdict its word. While the check is not made yet, Kind is
	// "checking".
	Kind, Verdict string
	Lines         []CheckLine
	// Cures are sentences about what helps.
	Cures []string
	// Repair and Takeover: a button does it.
	Repair, Takeover bool
}

// CheckLine is one thing that was found, with the class of its verdict.
type CheckLine struct{ Kind, Text string }
