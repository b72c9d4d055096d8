package views

// Page is what every page has in common.
type Page struct {
	Words
	// Title is the document's title.
	Title string
	// Static is the path that the assets of this version stand under.
	Static string
	// Parents are the origins that may be the portal around the page,
	// separated by spaces; "" outside of a portal.
	Parents string
	// Scripts are the modules that the page runs, by file name.
	Scripts []string
}
