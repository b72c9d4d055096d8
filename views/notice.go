package views

import "github.com/a-h/templ"

// Notice is a page that says one thing calmly: what is the matter, what helps,
// and at most one thing to press.
type Notice struct {
	Page
	// Kind is the class of the picture: "info", "wait" or "stop".
	Kind    string
	Heading string
	Text    string
	// Help are the steps that help, in order.
	Help []string
	// Action is the one thing to press; its Label is "" when there is none.
	Action Action
	// Request names the request, for whoever looks into the log.
	Request string
}

// Action is a form that posts hidden fields.
type Action struct {
	Label, URL string
	Fields     []Field
	// Asks is what the person types before; without a Name nothing.
	Asks Question
	// Refresh has the page ask the portal for fresh tokens first: "now" by
	// itself, "press" once the person presses; "" not at all.
	Refresh string
}

// Question is a field in which a person answers.
type Question struct {
	Name, Label string
	// Example is what an answer looks like.
	Example string
}

// Field is a hidden field.
type Field struct{ Name, Value string }

// relaunch are the attributes that have the script fetch fresh tokens first.
func relaunch(a Action) templ.Attributes {
	if a.Refresh == "" {
		return nil
	}
	return templ.Attributes{"data-relaunch": a.Refresh}
}
