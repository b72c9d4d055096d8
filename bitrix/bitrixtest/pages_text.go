package bitrixtest

import (
	"fmt"
	"strings"
)

// pageLanguages are the languages the pages are written in.
var pageLanguages = []string{"en", "ru"}

// viewerLanguages can be chosen for a person: what applications get as LANG.
var viewerLanguages = []string{"en", "ru", "de", "fr", "la", "br", "pl", "ua", "tr", "sc", "tc", "ja"}

// pageLanguage is the language of the pages for a person's language.
func pageLanguage(language string) string {
	if strings.HasPrefix(language, "ru") {
		return "ru"
	}
	return "en"
}

// sentence is one sentence of the pages.
func sentence(lang, key string, args ...any) string {
	forms, ok := sentences[key]
	if !ok {
		panic("bitrixtest: no sentence " + key)
	}
	form := forms[0]
	if lang == "ru" {
		form = forms[1]
	}
	if len(args) == 0 {
		return form
	}
	return fmt.Sprintf(form, args...)
}

// sentences are what the pages say, in English and Russian. Those under "js."
// are for the scripts.
var sentences = map[string][2]string{
	"banner":       {"Simulated portal", "Имитация портала"},
	"banner.note":  {"People, customers and deals here are invented; nothing leaves this computer.", "Люди, клиенты и сделки вымышлены, ничего не покидает этот компьютер."},
	"skip":         {"Skip to the content", "К содержанию"},
	"menu":         {"Menu", "Меню"},
	"menu.start":   {"Start", "Начало"},
	"menu.online":  {"Chats", "Чаты"},
	"menu.people":  {"Employees", "Сотрудники"},
	"menu.notices": {"Notifications", "Уведомления"},
	"menu.crm":     {"CRM", "CRM"},
	"menu.lead":    {"Leads", "Лиды"},
	"menu.deal":    {"Deals", "Сделки"},
	"menu.contact": {"Contacts", "Контакты"},
	"menu.company": {"Companies", "Компании"},
	"menu.apps":    {"Applications", "Приложения"},
	"menu.market":  {"All applications", "Все приложения"},
	"menu.devops":  {"Developer resources", "Разработчикам"},
	"signOut":      {"Sign out", "Выйти"},
	"language":     {"Language", "Язык"},
	"apply":        {"Apply", "Применить"},
	"search":       {"Search", "Поиск"},
	"find":         {"Find", "Найти"},
	"save":         {"Save", "Сохранить"},
	"cancel":       {"Cancel", "Отмена"},
	"more":         {"Next page", "Следующая страница"},
	"nothing":      {"Nothing found.", "Ничего не найдено."},
	"noScript":     {"Application pages need JavaScript.", "Страницам приложений нужен JavaScript."},

	"error.title":     {"This did not work", "Не получилось"},
	"error.notFound":  {"There is no such page on this portal.", "Такой страницы на портале нет."},
	"error.badForm":   {"The portal could not read what was sent.", "Портал не смог прочитать присланное."},
	"error.forbidden": {"Sign in first, then try again.", "Сначала войдите, затем попробуйте снова."},
	"error.adminOnly": {"Only administrators of the portal can do this.", "Это могут только администраторы портала."},
	"error.noAccess":  {"You do not have access to this item. Ask its responsible person or an administrator.", "У вас нет доступа к этому элементу. Обратитесь к ответственному или администратору."},
	"error.client":    {"There is no such application on this portal.", "Такого приложения на портале нет."},
	"error.notForYou": {"You have no access to this application.", "У вас нет доступа к приложению."},
	"error.internal":  {"The simulated portal failed. Its log says why.", "Ошибка имитации портала. Подробности в её журнале."},
	"error.person":    {"This person cannot sign in.", "Этот человек не может войти."},
	"error.chat":      {"This cannot be done with the chat in its present state.", "В нынешнем состоянии чата это невозможно."},

	"signIn.title":  {"Who are you?", "Кто вы?"},
	"signIn.intro":  {"Sign in as anybody who works here. There are no passwords.", "Войдите как любой сотрудник. Паролей нет."},
	"signIn.more":   {"%d more: search by name.", "Ещё %d: найдите по имени."},
	"person.admin":  {"administrator", "администратор"},
	"person.off":    {"dismissed", "уволен"},
	"person.guest":  {"extranet", "экстранет"},
	"person.new":    {"has never signed in", "ещё не входил"},
	"person.bot":    {"chat-bot", "чат-бот"},
	"person.client": {"customer", "клиент"},
	"person.email":  {"e-mail user", "почтовый пользователь"},

	"start.title":  {"Good day, %s", "Здравствуйте, %s"},
	"start.intro":  {"This is a simulated Bitrix24 portal for trying an application. Open a card of the CRM: its tabs are where applications appear, and beside them are the customer's chats.", "Это имитация портала Битрикс24 для пробы приложения. Откройте карточку CRM: во вкладках появляются приложения, а рядом видны чаты клиента."},
	"start.cards":  {"CRM items with chats", "Элементы CRM с чатами"},
	"start.apps":   {"Applications", "Приложения"},
	"start.noApps": {"No application is registered yet.", "Приложений пока нет."},
	"start.add":    {"Register a local application", "Добавить локальное приложение"},

	"people.title":       {"Employees", "Сотрудники"},
	"people.name":        {"Name", "Имя"},
	"people.position":    {"Position", "Должность"},
	"people.departments": {"Departments", "Отделы"},
	"people.state":       {"State", "Состояние"},
	"people.active":      {"works here", "работает"},
	"people.dismiss":     {"Dismiss", "Уволить"},
	"people.restore":     {"Restore", "Восстановить"},
	"people.seen":        {"Last seen", "Был(а) в сети"},
	"group.title":        {"Workgroup", "Рабочая группа"},
	"notices.title":      {"Notifications", "Уведомления"},
	"notices.none":       {"You have no notifications.", "Уведомлений нет."},
	"notices.app":        {"application", "приложение"},

	"card.new":          {"New item", "Новый элемент"},
	"card.add":          {"Add", "Добавить"},
	"card.title":        {"Title", "Название"},
	"card.stage":        {"Stage", "Стадия"},
	"card.responsible":  {"Responsible", "Ответственный"},
	"card.observers":    {"Observers", "Наблюдатели"},
	"card.contacts":     {"Contacts", "Контакты"},
	"card.company":      {"Company", "Компания"},
	"card.lead":         {"Lead", "Лид"},
	"card.created":      {"Created", "Создан"},
	"card.communicate":  {"Phones and addresses", "Телефоны и адреса"},
	"card.none":         {"none", "нет"},
	"card.addObserver":  {"Add observer", "Добавить наблюдателя"},
	"card.observerID":   {"Employee's number", "Номер сотрудника"},
	"card.remove":       {"Remove", "Убрать"},
	"card.removeWho":    {"Remove %s from the observers", "Убрать %s из наблюдателей"},
	"card.general":      {"General", "Общие"},
	"card.about":        {"About", "Сведения"},
	"card.timeline":     {"Timeline", "Таймлайн"},
	"card.comment":      {"Comment", "Комментарий"},
	"card.addComment":   {"Add comment", "Добавить комментарий"},
	"card.noComments":   {"Nothing has happened here yet.", "Здесь пока ничего не было."},
	"card.tools":        {"Applications", "Приложения"},
	"card.tabs":         {"Sections of the card", "Разделы карточки"},
	"card.chats":        {"Customer's chats", "Чаты клиента"},
	"card.noChats":      {"No Open Channel chat is linked to this item.", "К этому элементу не привязан ни один чат открытой линии."},
	"card.saveFirst":    {"Save the item first.", "Сначала сохраните элемент."},
	"list.name":         {"Name", "Название"},
	"install.other":     {"The installation of “%s” is not finished. An administrator of the portal has to open the application and finish it.", "Установка приложения «%s» не завершена. Администратор портала должен открыть приложение и завершить её."},
	"frame.noAccess":    {"You have no access to the application “%s”.", "У вас нет доступа к приложению «%s»."},
	"frame.builtIn":     {"The form that “%s” would build here with useBuiltInInterface is not simulated.", "Форма, которую «%s» построило бы здесь через useBuiltInInterface, не имитируется."},
	"frame.gone":        {"This application is no longer on the portal.", "Этого приложения на портале больше нет."},
	"access.everybody":  {"All employees", "Все сотрудники"},
	"frame.loading":     {"Loading…", "Загрузка…"},
	"frame.application": {"Application", "Приложение"},

	"chat.online":       {"Chats", "Чаты"},
	"chat.none":         {"There are no chats.", "Чатов нет."},
	"chat.choose":       {"Choose a chat.", "Выберите чат."},
	"chat.stranger":     {"You are not in this chat.", "Вы не состоите в этом чате."},
	"chat.person":       {"A conversation with %s would open here.", "Здесь открылась бы переписка с %s."},
	"chat.group":        {"The chat of the workgroup “%s” would open here.", "Здесь открылся бы чат рабочей группы «%s»."},
	"chat.unknown":      {"There is no such chat.", "Такого чата нет."},
	"chat.state.new":    {"waiting for an operator", "ждёт оператора"},
	"chat.state.open":   {"open", "идёт"},
	"chat.state.ending": {"being closed", "закрывается"},
	"chat.state.closed": {"finished", "завершён"},
	"chat.channelOff":   {"channel switched off", "канал выключен"},
	"chat.line":         {"Open Channel “%s”", "Открытая линия «%s»"},
	"chat.operator":     {"operator", "оператор"},
	"chat.customer":     {"customer", "клиент"},
	"chat.you":          {"you", "вы"},
	"chat.people":       {"Participants", "Участники"},
	"chat.messages":     {"Messages", "Сообщения"},
	"chat.system":       {"Portal", "Портал"},
	"chat.hidden":       {"not shown to the customer", "клиент не видит"},
	"chat.author":       {"Write as", "Написать как"},
	"chat.text":         {"Message", "Сообщение"},
	"chat.send":         {"Send", "Отправить"},
	"chat.as":           {"as", "как"},
	"chat.accept":       {"Accept", "Принять"},
	"chat.close":        {"Finish the dialog", "Завершить диалог"},
	"chat.reopen":       {"Start a new dialog", "Начать новый диалог"},
	"chat.on":           {"Switch the channel on", "Включить канал"},
	"chat.off":          {"Switch the channel off", "Выключить канал"},
	"chat.manage":       {"Control this chat", "Управлять чатом"},
	"chat.items":        {"Linked to", "Привязан к"},
	"chat.list":         {"All chats", "Все чаты"},

	"apps.title":       {"Applications", "Приложения"},
	"apps.none":        {"No application is registered on this portal.", "На портале нет ни одного приложения."},
	"apps.open":        {"Open", "Открыть"},
	"apps.edit":        {"Settings", "Настройки"},
	"apps.installed":   {"installed", "установлено"},
	"apps.unfinished":  {"installation not finished", "установка не завершена"},
	"apps.api":         {"API only, no page", "только API, без страницы"},
	"dev.title":        {"Developer resources", "Разработчикам"},
	"dev.intro":        {"Local applications work on this portal only. Each has its own code and key.", "Локальные приложения работают только на этом портале. У каждого свои код и ключ."},
	"dev.add":          {"Add a local application", "Добавить локальное приложение"},
	"dev.local":        {"Local application", "Локальное приложение"},
	"dev.handler":      {"Your handler path", "Путь вашего обработчика"},
	"dev.handlerHint":  {"The page of the application; also the address that authorisation returns to.", "Страница приложения; сюда же возвращает авторизация."},
	"dev.install":      {"Initial installation path", "Путь для первоначальной установки"},
	"dev.installHint":  {"Optional. An administrator sees this page until it reports that the installation is finished.", "Необязательно. Администратор видит эту страницу, пока она не сообщит о завершении установки."},
	"dev.onlyAPI":      {"Script only (no user interface)", "Использует только API"},
	"dev.mobile":       {"Supports the mobile app", "Поддерживает мобильное приложение"},
	"dev.names":        {"Menu item name", "Название пункта меню"},
	"dev.name":         {"Menu item name (%s)", "Название пункта меню (%s)"},
	"dev.scopes":       {"Access permissions", "Права доступа"},
	"dev.keys":         {"Keys of the application", "Ключи приложения"},
	"dev.clientID":     {"Application ID (client_id)", "Код приложения (client_id)"},
	"dev.clientSecret": {"Application key (client_secret)", "Ключ приложения (client_secret)"},
	"dev.saved":        {"Saved.", "Сохранено."},
	"dev.delete":       {"Delete the application", "Удалить приложение"},
	"dev.deleteHint":   {"Its tabs, event handlers and keys stop working at once, and it is told to delete its data. Adding it again gives new keys.", "Вкладки, обработчики событий и ключи сразу перестанут работать, а приложение узнает, что данные надо удалить. При новом добавлении ключи будут другими."},
	"dev.problems":     {"The application was not saved:", "Приложение не сохранено:"},
	"dev.noHandler":    {"Enter the handler path.", "Укажите путь обработчика."},
	"dev.badHandler":   {"The handler path must be an address that begins with https:// (http:// on this computer).", "Путь обработчика должен быть адресом, начинающимся с https:// (на этом компьютере и http://)."},
	"dev.badInstall":   {"The installation path must be an address that begins with https:// (http:// on this computer).", "Путь установки должен быть адресом, начинающимся с https:// (на этом компьютере и http://)."},
	"dev.long":         {"An address may have at most 1000 characters.", "Адрес не может быть длиннее 1000 символов."},
	"dev.noScope":      {"Choose at least one access permission.", "Выберите хотя бы одно право доступа."},
	"dev.badScope":     {"The portal has no access permission “%s”.", "На портале нет права доступа «%s»."},
	"dev.noName":       {"Give the menu item a name in at least one language.", "Назовите пункт меню хотя бы на одном языке."},
	"dev.longName":     {"A name may have at most 100 characters.", "Название не может быть длиннее 100 символов."},

	"js.close":         {"Close", "Закрыть"},
	"js.application":   {"Application", "Приложение"},
	"js.search":        {"Search", "Поиск"},
	"js.select":        {"Select", "Выбрать"},
	"js.nothingFound":  {"Nothing found", "Ничего не найдено"},
	"js.choosePerson":  {"Choose a person", "Выберите сотрудника"},
	"js.choosePeople":  {"Choose people", "Выберите сотрудников"},
	"js.chooseAccess":  {"Choose access rights", "Выберите права доступа"},
	"js.chooseCRM":     {"Choose CRM items", "Выберите элементы CRM"},
	"js.messenger":     {"Messenger", "Мессенджер"},
	"js.call":          {"Call", "Звонок"},
	"js.videoCall":     {"Video call", "Видеозвонок"},
	"js.callSimulated": {"Nobody is being called: this portal is a simulation.", "Звонка нет: это имитация портала."},
	"js.refreshFailed": {"The portal could not renew the application's authorisation.", "Портал не смог продлить авторизацию приложения."},
	"js.failed":        {"This did not work. Try again.", "Не получилось. Попробуйте ещё раз."},
}
