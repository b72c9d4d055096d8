package bitrix_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// The whole way of a colleague into a chat, here on a simulated portal: prove
// whose token it is, read the item's chats, add, and read back.
func Example() {
	portal, app, posted := launched(15)
	defer portal.Close()
	ctx := context.Background()

	grant, err := app.Inspect(ctx, "", posted)
	if err != nil {
		fmt.Println(err)
		return
	}
	viewer := app.Viewer(grant.Endpoint, bitrix.StaticToken(bitrix.Token{Access: posted}))
	deal := bitrix.CRMItem{Type: bitrix.Deal, ID: 77}
	chats, err := viewer.Chats(ctx, deal, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, colleague := range []bitrix.UserID{23, 22} {
		_, err := viewer.AddUser(ctx, deal, chats[0].ID, colleague)
		if errors.Is(err, bitrix.ErrHistoryDenied) {
			fmt.Println(colleague, "is not in the queue of the channel")
		}
	}
	dialog, err := viewer.Dialog(ctx, chats[0].ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("now in the chat:", dialog.Members(grant.UserID))
	// Output:
	// 22 is not in the queue of the channel
	// now in the chat: [431 23 15]
}

// Several reads in one request, the second of which needs the first's answer.
func ExampleBatch() {
	portal, app, posted := launched(15)
	defer portal.Close()
	viewer := app.Viewer(portal.RESTURL(), bitrix.StaticToken(bitrix.Token{Access: posted}))

	b := bitrix.NewBatch()
	b.Reads = true
	b.Chats("chats", bitrix.CRMItem{Type: bitrix.Deal, ID: 77}, true)
	b.DialogRef("dialog", "$result[chats][0][CHAT_ID]")
	b.Chats("foreign", bitrix.CRMItem{Type: bitrix.Deal, ID: 78}, true)
	result, err := viewer.Batch(context.Background(), b)
	if err != nil {
		fmt.Println(err)
		return
	}
	var dialog bitrix.Dialog
	if err := result.Decode("dialog", &dialog); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dialog.ID, dialog.Primary, dialog.Operator)
	fmt.Println(errors.Is(result.Err("foreign"), bitrix.ErrAccessDenied))
	// Output:
	// 1763 DEAL:77 15
	// true
}

// A token pair that is rotated whenever the portal says that it has expired.
// The new pair is saved before it is used.
func ExampleApplication_Renewing() {
	portal, app, _ := launched(15)
	defer portal.Close()
	pair := portal.Token(app.ClientID, 15)
	stored := bitrix.Token{Access: bitrix.Secret(pair.Access), Refresh: bitrix.Secret(pair.Refresh)}

	source := app.Renewing(stored, func(_ context.Context, _, renewed bitrix.Token) error {
		stored = renewed
		return nil
	})
	portal.ExpireTokens(15)
	me, err := app.Viewer(portal.RESTURL(), source).Profile(context.Background())
	fmt.Println(me.Name, err)
	fmt.Println(stored.Refresh, stored.Refresh.Reveal() != pair.Refresh)
	// Output:
	// Ivan <nil>
	// REDACTED true
}

// launched is a simulated portal, an application registered there, and the
// access token with which the portal opens the application for a person.
func launched(user int) (*bitrixtest.Portal, *bitrix.Application, bitrix.Secret) {
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String()) // always has a port
	portal := bitrixtest.New(bitrixtest.Options{URL: "http://127.0.0.1:" + port, AuthURL: "http://localhost:" + port})
	server.Config.Handler = portal
	server.Start()
	keys := portal.Register(bitrixtest.App{
		Name: "Example", HandlerURL: "http://app.example/app", Scopes: []string{"crm", "imopenlines", "im", "user_brief"},
	})
	app := &bitrix.Application{
		ClientID: keys.ClientID, ClientSecret: bitrix.Secret(keys.ClientSecret), AuthServers: []string{portal.AuthURL()},
	}
	return portal, app, bitrix.Secret(portal.Launch(keys.ClientID, user, "DEFAULT", "").Form.Get("AUTH_ID"))
}
