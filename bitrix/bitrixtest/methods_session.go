package bitrixtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// operatorChat is the check that the session and operator methods share: the
// chat exists, is an Open Channel chat and is within the caller's reach
// (portal source: imopenlines/lib/operator.php).
func (c *call) operatorChat(p params) (*Chat, error) {
	chat := c.world.Chats[p.int("CHAT_ID")]
	switch {
	case chat == nil:
		return nil, restErr(http.StatusBadRequest, "CHAT_ID", c.world.text("bad_chat"))
	case !chat.isLines():
		return nil, restErr(http.StatusBadRequest, "CHAT_TYPE", c.world.text("bad_chat_type"))
	case !c.dialogAccess(chat):
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", c.world.text("no_access"))
	}
	return chat, nil
}

// imopenlines.session.open
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-open.html
func sessionOpen(c *call) (any, error) {
	if c.user.Type == Extranet {
		return nil, restErr(http.StatusBadRequest, "", c.world.text("no_access"))
	}
	chat := c.world.chatByCode(c.params.string("USER_CODE"))
	if chat == nil || !c.opensChat(chat) {
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", c.world.text("no_access"))
	}
	return map[string]any{"chatId": strconv.Itoa(chat.ID)}, nil
}

// opensChat tries all CRM items of the chat, not only the primary one.
func (c *call) opensChat(chat *Chat) bool {
	if chat.Owner == c.user.ID || c.canJoinLine(chat.Line) {
		return true
	}
	for typ, id := range chat.Bound {
		if id != 0 && c.world.readItem(c.user, typ, id) {
			return true
		}
	}
	return false
}

// imopenlines.session.join
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-join.html
func sessionJoin(c *call) (any, error) {
	chat, err := c.operatorChat(c.params)
	if err != nil {
		return nil, err
	}
	c.world.enter(chat, c.user)
	return true, nil
}

// imopenlines.session.start begins a dialog that the caller leads. One that is
// under way stays as it is, waiting or led by somebody: the caller only joins
// (portal source: imopenlines/lib/chat.php).
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-start.html
func sessionStart(c *call) (any, error) {
	chat, err := c.operatorChat(c.params)
	if err != nil {
		return nil, err
	}
	if c.world.openSession(chat) == nil {
		chat.Session = 0
		c.world.Reopen(chat.ID, c.user.ID)
		return true, nil
	}
	c.world.enter(chat, c.user)
	return true, nil
}

// take makes the caller the operator of a chat whose session is open.
func (c *call) take(chat *Chat) {
	s := c.world.openSession(chat)
	if s == nil || chat.Owner == c.user.ID || !c.user.Active || c.user.Type != Employee {
		return
	}
	if s.Status < StatusAnswered {
		c.world.Accept(chat.ID, c.user.ID)
		return
	}
	c.world.enter(chat, c.user)
	c.world.lead(chat, c.user.ID)
}

// imopenlines.session.intercept
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-intercept.html
func sessionIntercept(c *call) (any, error) {
	if c.params.int("CHAT_ID") <= 0 {
		return nil, errChatIDEmpty()
	}
	chat, err := c.operatorChat(c.params)
	if err != nil {
		return nil, errOperatorWrong()
	}
	c.take(chat)
	return true, nil
}

func errChatIDEmpty() error {
	return restErr(http.StatusBadRequest, "CHAT_ID_EMPTY", "Chat ID can't be empty")
}

func errOperatorWrong() error {
	return restErr(http.StatusBadRequest, "OPERATOR_WRONG", "You can not redirect to this operator")
}

// imopenlines.session.mode.silent
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-mode-silent.html
func sessionModeSilent(c *call) (any, error) {
	chat, err := c.operatorChat(c.params)
	if err != nil {
		return nil, err
	}
	silent := c.params["ACTIVATE"] == "Y"
	if silent == chat.Silent {
		return true, nil
	}
	chat.Silent = silent
	key := "silent_off"
	if silent {
		key = "silent_on"
	}
	c.world.system(chat, "", c.world.text(key))
	return true, nil
}

// imopenlines.operator.answer
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/operators/imopenlines-operator-answer.html
func operatorAnswer(c *call) (any, error) {
	chat, err := c.operatorChat(c.params.upper())
	if err != nil {
		return nil, err
	}
	c.take(chat)
	return true, nil
}

// imopenlines.operator.skip
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/operators/imopenlines-operator-skip.html
func operatorSkip(c *call) (any, error) {
	chat, err := c.operatorChat(c.params.upper())
	if err != nil {
		return nil, err
	}
	s := c.world.openSession(chat)
	if s == nil || s.Operator != 0 && s.Operator != c.user.ID {
		return true, nil
	}
	c.requeue(chat, s)
	delete(c.world.Recents[c.user.ID], chat.ID)
	return true, nil
}

// requeue gives a dialog back to its line's queue.
func (c *call) requeue(chat *Chat, s *Session) {
	s.Status, s.Modified = StatusSkipped, c.world.now()
	if s.Operator != 0 {
		c.world.leave(chat, s.Operator)
	}
	c.world.lead(chat, 0)
	c.world.offer(chat)
}

// imopenlines.operator.finish
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/operators/imopenlines-operator-finish.html
func operatorFinish(c *call) (any, error) {
	chat, err := c.operatorChat(c.params.upper())
	if err != nil {
		return nil, err
	}
	if chat.Owner != 0 && chat.Owner != c.user.ID {
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", c.world.text("no_access"))
	}
	c.world.CloseSession(chat.ID)
	return true, nil
}

// imopenlines.operator.another.finish
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/operators/imopenlines-operator-another-finish.html
func operatorAnotherFinish(c *call) (any, error) {
	chat, err := c.operatorChat(c.params.upper())
	if err != nil {
		return nil, err
	}
	c.world.CloseSession(chat.ID)
	return true, nil
}

// imopenlines.operator.spam
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/operators/imopenlines-operator-spam.html
func operatorSpam(c *call) (any, error) {
	chat, err := c.operatorChat(c.params.upper())
	if err != nil {
		return nil, err
	}
	if s := c.world.openSession(chat); s != nil {
		c.world.CloseSession(chat.ID)
		s.Status = StatusSpam
	}
	return true, nil
}

// imopenlines.operator.transfer
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/operators/imopenlines-operator-transfer.html
func operatorTransfer(c *call) (any, error) {
	if c.params.int("CHAT_ID") <= 0 {
		return nil, errChatIDEmpty()
	}
	user, queue, err := c.transferTarget()
	if err != nil {
		return nil, err
	}
	chat, denied := c.operatorChat(c.params)
	if denied != nil {
		return nil, errOperatorWrong()
	}
	s := c.world.openSession(chat)
	if s == nil {
		return nil, errOperatorWrong()
	}
	if queue != 0 {
		return c.transferToQueue(chat, s, queue)
	}
	return c.transferToUser(chat, s, user)
}

// transferTarget reads whom the dialog goes to: a user or a line's queue.
func (c *call) transferTarget() (user, queue int, err error) {
	p := c.params
	if p.has("TRANSFER_ID") {
		id, isQueue := strings.CutPrefix(p.string("TRANSFER_ID"), "queue")
		p = params{"USER_ID": id}
		if isQueue {
			p = params{"QUEUE_ID": id}
		}
	}
	switch {
	case p.has("USER_ID"):
		if user = p.int("USER_ID"); user <= 0 {
			return 0, 0, restErr(http.StatusBadRequest, "USER_ID_EMPTY", "User ID can't be empty")
		}
	case p.has("QUEUE_ID"):
		if queue = p.int("QUEUE_ID"); queue <= 0 {
			return 0, 0, restErr(http.StatusBadRequest, "QUEUE_ID_EMPTY", "QUEUE ID can't be empty")
		}
	default:
		return 0, 0, restErr(http.StatusBadRequest, "TRANSFER_ID_EMPTY", "Queue ID or User ID can't be empty")
	}
	return user, queue, nil
}

func (c *call) transferToQueue(chat *Chat, s *Session, queue int) (any, error) {
	line := c.world.Lines[queue]
	if line == nil || !line.Active {
		return nil, errOperatorWrong()
	}
	chat.Line, s.Line = queue, queue
	if a := c.world.activityOf(s.ID); a != nil {
		a.Communication = "imol|" + chat.Code()
	}
	c.requeue(chat, s)
	return true, nil
}

func (c *call) transferToUser(chat *Chat, s *Session, id int) (any, error) {
	target := c.world.Users[id]
	if target == nil || !target.Active || target.Type != Employee || id == c.user.ID || id == chat.Owner {
		return nil, errOperatorWrong()
	}
	former := chat.Owner
	c.world.enter(chat, target)
	c.world.lead(chat, id)
	c.world.withdraw(chat.ID)
	if s.Status < StatusAnswered {
		s.Status = StatusAnswered
	}
	s.Modified = c.world.now()
	chat.Members = slices.DeleteFunc(chat.Members, func(m *Member) bool { return former != 0 && m.User == former })
	return true, nil
}
