// Package bitrixtest is a simulated Bitrix24 portal: its REST API, its
// authorisation server, and the pages that show an application in its frame.
// It is for tests and for trying an application without a portal:
//
//	portal := bitrixtest.NewPortal(t)
//	keys := portal.Register(bitrixtest.App{Name: "Mine", HandlerURL: handler, Scopes: []string{"crm"}})
//	token := portal.Token(keys.ClientID, 15)
//
// A [Portal] keeps a [World] of people, CRM items and Open Channel chats and
// computes every answer from it, with the checks, codes and oddities of a real
// portal. [Portal.Do] changes the world, [Portal.Fail] makes calls go wrong,
// and [Portal.State] tells what the portal holds. With [Options].Control the
// same is steered over HTTP under /_portal/. docs/simulated-portal.md tells of
// the world and of what is not simulated.
//
// # Where things are
//
//	model.go, world.go        the tables and how they are changed
//	sample.go, staff.go       the small world and a generated staff
//	sessions.go, chats.go     the life of a dialog, and who is in a chat
//	itemchats.go, rights.go   which chats belong to an item, and who may what
//	rest.go, auth.go          one HTTP request: whose it is, what it may
//	wire.go, params.go        parameters as PHP reads them
//	encode.go, format*.go     answers as PHP writes them
//	methods.go, methods_*.go  the table of REST methods, and what each does
//	batch.go, limits.go       batches and their references; request and time limits
//	oauth*.go, authorize.go   the authorisation server; sign-in
//	events.go, launch.go      what is posted to applications
//	fault*.go                 what goes wrong on purpose
//	control*.go, amend.go     /_portal/
//	pages*.go, pages/         what people see; pages/host.js is the frame's side of the portal
//	save.go, state.go         the portal as a file and as JSON
//
// The package knows nothing of the client it tests: it is written from the
// documentation and the published sources of the portal.
package bitrixtest
