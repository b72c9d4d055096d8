package staff_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

// country is what its people are made of: names, and surnames put together of
// stems and endings so that there are many namesakes and many near names.
type country struct {
	share             int
	men, women        string
	stems             string
	endings           [2]string // of men's and women's surnames; "0" is none
	fathers           [2]string // what makes a middle name of a father's
	positions, domain string
	latin             bool // stems are Cyrillic, written in Latin
}

const (
	russianStems = "Иван Петр Сидор Смирн Кузнец Попов Васил Соколь Михайл Новик Федор Мороз Волк Алексе Лебед Семен Егор Павл Козл Степан " +
		"Никола Орл Андре Макар Никит Захар Зайц Соловь Борис Яковл Григорь Роман Воробь Серге Кузьм Фрол Александр Дмитри Корол " +
		"Гус Кисел Ильин Максим Поляк Сорок Виноград Ковал Бел Медвед Антон Тарас Жук Баран Филипп Комар Давыд Беля Герасим Богдан " +
		"Осип Матве Тит Марк Миронь Крыл Куликь Карп Влас Мельник Денис Гаврил Тихон Казан Афанась Данил Савель Тимофе Фом Чернь Абрам " +
		"Мартын Ефим Федот Щерб Назар Калин Исак Чист Колесник Прохор Родион Быстр Нечай Лихач Шаповал Щук Бурь Хохл Цветк Ершь Юдь Якушь Эльдар"
	kazakhStems    = "Нұрлан Серік Айдар Жақсыбек Қасым Әбдірахман Сұлтан Ахмет Ермек Бекболат Досжан Қайрат Мұхамед Оспан Сәрсен Төлеген Үмбет Хамит Шәріп Ыбырай Байжан Ғабит Жүніс Темірхан Есен"
	ukrainianStems = "Бондар Шевч Коваль Ткач Кравч Олій Мельнич Гриц Петр Іван Левч Савч Марч Панас Гавриль Клим Юрч Рома Дмитр Яким Захар Лисень Мороз Гонч Пономар Хар Сидор Тимош Федор Ярем"
	englishStems   = "John William Robert Richard Thom Harri Ander Jack Peter Steven Nichol Matthew Edward Robin Watt Hugh Phillip Simm Ell Dav Gib Hard Morri Law Wil Parker Cart Sander Spence Stan"
	germanStems    = "Schmidt Müll Schneid Fisch Web Meyer Wagn Beck Schulz Hoffmann Schäf Koch Bau Richt Klein Wolf Schröd Neu Schwarz Zimmer Braun Krüg Hof Hart Lang Schmitt Wern Krause Mei Lehm Köhl Herr König Wal Kais Fuchs Pet Weiß Jung Hahn Schub Vogel Friedr Kell Günth Frank Berg Wink Roth Beckenbau"
	polishStems    = "Nowa Kowal Wiśni Wójci Kamiń Lewandow Zieliń Szymań Woźnia Dąbrow Kozłow Jankow Mazur Krawczy Piotrow Grabow Pawłow Michal Krzemiń Wróblew Jabłoń Dudziń Adamczy Wieczor Jaworów Malinow Stępniew Górs Rutkow Sikor"
	turkishStems   = "Yıl Kay Dem Çeli Şah Yıldı Öztü Aydı Özde Arsla Doğa Kılı Asla Çeti Kar Koç Kurt Özka Şimşe Polat Erdo Güne Bozkur Ünal Tekin Ateş Bulut Avcı Işı Güler"
	frenchStems    = "Mart Bern Dub Thom Robert Rich Pet Dur Ler Mor Sim Laur Lef Mich Garc Dav Bertr Roux Vinc Fourn Morel Gir Andr Merci Dup Lamb Bonn Franç Leg Garn"
	spanishStems   = "Garc Rodríg Gonzál Fernánd Lóp Martín Sánch Pér Góm Jimén Ruiz Hernánd Díaz Moren Muñoz Álvar Romer Alons Gutiérr Navarr Domíngu Vázqu Ram Gil Serran Blanc Molin Suár Castr Ortég"
	vietnameseLast = "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý"
	chineseLast    = "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗"
	japaneseLast   = "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山口 松本 井上 木村 清水 林 斎藤 阿部 池田"
	arabicLast     = "الأحمد المحمد العلي الحسن الخالد النجار الحداد الشريف المصري الحربي الزهراني القحطاني الغامدي العتيبي"
)

var russianPositions = "Менеджер по продажам;Старший менеджер;Бухгалтер;Главный бухгалтер;Программист;Ведущий программист;Юрист;Директор по маркетингу;" +
	"Руководитель отдела;Специалист поддержки;Оператор контакт-центра;Кладовщик;Водитель;Логист;Аналитик;Инженер;Секретарь;Дизайнер;Тестировщик;Системный администратор"

var countries = []country{
	{share: 52, stems: russianStems, endings: [2]string{"ов ев ин енко ский ович", "ова ева ина енко ская ович"}, fathers: [2]string{"ович", "овна"},
		men:       "Иван Пётр Алексей Александр Сергей Дмитрий Андрей Николай Михаил Владимир Евгений Максим Юрий Павел Роман Виктор Олег Илья Артём Константин Кирилл Игорь Антон Фёдор Денис Егор Григорий Степан Вадим Тимур",
		women:     "Анна Мария Елена Ольга Наталья Екатерина Татьяна Ирина Светлана Юлия Анастасия Дарья Ксения Евгения Людмила Марина Виктория Полина Александра Алина Валентина Вера Надежда Любовь Галина Яна Жанна Алёна София Зоя",
		positions: russianPositions, domain: "corp.example"},
	{share: 8, stems: russianStems, endings: [2]string{"ov ev in enko sky", "ova eva ina enko skaya"},
		men: "Ivan Petr Alexey Alexander Sergey Dmitry Andrey Nikolay Mikhail Vladimir Evgeny Maxim Yuri Pavel Roman Viktor Oleg Ilya Artem", women: "Anna Maria Elena Olga Natalia Ekaterina Tatiana Irina Svetlana Julia Anastasia Daria Ksenia Evgenia",
		positions: "Sales Manager;Developer;Accountant;Support Engineer;Team Lead", domain: "corp.example", latin: true},
	{share: 6, stems: ukrainianStems, endings: [2]string{"енко чук ський ук", "енко чук ська ук"}, fathers: [2]string{"ович", "івна"},
		men: "Олександр Андрій Сергій Володимир Микола Іван Петро Василь Юрій Богдан Тарас Ігор Дмитро Євген Максим Григорій", women: "Олена Оксана Наталія Ірина Тетяна Світлана Юлія Марія Ганна Катерина Леся Галина Софія Христина",
		positions: "Менеджер з продажу;Бухгалтер;Розробник;Юрист;Керівник відділу", domain: "corp.example"},
	{share: 5, stems: kazakhStems, endings: [2]string{"ов ұлы 0 баев", "ова қызы 0 баева"}, fathers: [2]string{"ұлы", "қызы"},
		men: "Нұрсұлтан Айдос Ерлан Бауыржан Дәурен Қанат Мұрат Әлихан Жандос Тимур Ғалым Олжас", women: "Айгүл Әсел Динара Гүлнар Жанар Мәдина Қарлығаш Айжан Сәуле Зарина",
		positions: "Сату менеджері;Бас бухгалтер;Бағдарламашы;Заңгер", domain: "corp.example"},
	{share: 8, stems: englishStems, endings: [2]string{"son s ton man er ley 0", "son s ton man er ley 0"},
		men: "James John Robert Michael William David Richard Joseph Thomas Charles Daniel Matthew George Andrew", women: "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Emma Olivia Charlotte Jane",
		positions: "Sales Manager;Software Engineer;Accountant;Head of Support;Product Owner;Recruiter", domain: "corp.example"},
	{share: 6, stems: germanStems, endings: [2]string{"er mann 0 berg stein hausen", "er mann 0 berg stein hausen"},
		men: "Hans Jürgen Peter Klaus Wolfgang Jörg Stefan Michael Andreas Günter Lukas Björn", women: "Anna Ursula Monika Petra Käthe Sabine Renate Jutta Heike Birgit Ilse Grete",
		positions: "Vertriebsleiter;Buchhalterin;Entwickler;Geschäftsführer;Sachbearbeiter", domain: "corp.example"},
	{share: 4, stems: polishStems, endings: [2]string{"ski k wicz czyk", "ska k wicz czyk"},
		men: "Łukasz Paweł Michał Tomasz Krzysztof Piotr Marcin Jakub Grzegorz Wojciech", women: "Małgorzata Agnieszka Katarzyna Joanna Magdalena Zofia Żaneta Ewa",
		positions: "Kierownik sprzedaży;Księgowa;Programista", domain: "corp.example"},
	{share: 3, stems: turkishStems, endings: [2]string{"maz kan an lar oğlu 0", "maz kan an lar oğlu 0"},
		men: "Mehmet Mustafa Ahmet İbrahim Hüseyin Çağlar Işık Can Cem Yiğit", women: "Ayşe Fatma Zeynep Gül Özlem İpek Ceren Şule",
		positions: "Satış Müdürü;Muhasebeci;Yazılımcı", domain: "corp.example"},
	{share: 2, stems: frenchStems, endings: [2]string{"in ard ois eau ier ot", "in ard ois eau ier ot"},
		men: "Jean François René Benoît Étienne Gérard Hervé Guillaume Jérôme Théo", women: "Chloé Hélène Zoé Françoise Élise Amélie Renée Geneviève",
		positions: "Responsable des ventes;Comptable;Développeur", domain: "corp.example"},
	{share: 2, stems: spanishStems, endings: [2]string{"ez ia o a eiro", "ez ia o a eiro"},
		men: "José João Ángel Jesús Íñigo Luís António Joaquín Tomás Nuño", women: "María Conceição Begoña Inês Lucía Ana Teresa Sofía",
		positions: "Jefe de ventas;Contador;Gerente", domain: "corp.example"},
	{share: 1, stems: vietnameseLast, endings: [2]string{"0", "0"}, men: "Văn_An Minh_Tuấn Đức_Anh Quang_Huy Hữu_Phước", women: "Thị_Hoa Ngọc_Lan Thu_Hương Thanh_Trúc", positions: "Trưởng phòng kinh doanh;Kế toán", domain: "corp.example"},
	{share: 1, stems: chineseLast, endings: [2]string{"0", "0"}, men: "伟 强 磊 军 志强 建国 小龙 文博", women: "芳 娜 敏 静 秀英 丽华 小红 雨欣", positions: "销售经理;软件工程师;会计", domain: "corp.example"},
	{share: 1, stems: japaneseLast, endings: [2]string{"0", "0"}, men: "太郎 健太 翔 大輔 拓也", women: "花子 美咲 陽菜 さくら 由美", positions: "営業部長;エンジニア", domain: "corp.example"},
	{share: 1, stems: arabicLast, endings: [2]string{"0", "0"}, men: "محمد أحمد علي خالد عمر يوسف", women: "فاطمة عائشة مريم زينب سارة", positions: "مدير المبيعات;محاسب", domain: "corp.example"},
}

// latin writes Cyrillic in Latin as administrators do for logins.
var latin = func() func(string) string {
	letters := make(map[rune]string)
	pairs := strings.Fields("а a б b в v г g д d е e ё e ж zh з z и i й y к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch ы y э e ю yu я ya " +
		"і i ї i є ye ґ g ә a ғ g қ k ң n ө o ұ u ү u һ h")
	for i := 0; i < len(pairs); i += 2 {
		letters[[]rune(pairs[i])[0]] = pairs[i+1]
	}
	return func(s string) string {
		var b strings.Builder
		for _, r := range strings.ToLower(s) {
			switch l, ok := letters[r]; {
			case ok:
				b.WriteString(l)
			case 'a' <= r && r <= 'z':
				b.WriteRune(r)
			}
		}
		return b.String()
	}
}()

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// departmentNames are the top of the structure; below each there are groups.
var departmentNames = strings.Split("Отдел продаж;Бухгалтерия;Юридический отдел;Служба поддержки;Отдел маркетинга;Склад;Логистика;Отдел кадров;Разработка;"+
	"Sales EMEA;Customer Success;Finance;Legal;Engineering;Vertrieb Süd;Dział sprzedaży;Ventes France;Ventas México;Satış Bölümü;Відділ продажу;Сату бөлімі;Trung tâm hỗ trợ;销售部;営業部;قسم المبيعات", ";")

func generatedDepartments() []staff.Department {
	all := []staff.Department{{ID: 1, Name: "Joinline Holding"}}
	for i, name := range departmentNames {
		top := int64(10 + i)
		all = append(all, staff.Department{ID: top, Parent: 1, Name: name})
		for g := range 40 {
			all = append(all, staff.Department{ID: top*100 + int64(g), Parent: top, Name: fmt.Sprintf("%s, группа %d", name, g+1)})
		}
	}
	return all
}

// generated returns n people, the same at every call.
func generated(n int) []staff.Person {
	r := rand.New(rand.NewPCG(1, 2))
	var all []staff.Person
	var wheel []int
	for i, c := range countries {
		for range c.share {
			wheel = append(wheel, i)
		}
	}
	lists := make([]lexicon, len(countries))
	for i, c := range countries {
		lists[i] = newLexicon(c)
	}
	for len(all) < n {
		i := wheel[r.IntN(len(wheel))]
		p := lists[i].person(r)
		p.ID = bitrix.UserID(1000 + len(all))
		p.Email += strconv.Itoa(len(all)%1000) + "@" + countries[i].domain
		p.Login = p.Email
		if len(all)%3 == 0 {
			p.Login = "user" + strconv.Itoa(len(all))
		}
		if len(all)%2 == 0 {
			p.Photo = "https://cdn.portal.example/b1/resize_cache/" + strconv.Itoa(len(all)) + "/ff58db95aecdfa09ae61b51b5fd8f63f/avatar.png"
		}
		department := int64(10 + r.IntN(len(departmentNames)))
		p.Departments = []int64{department*100 + int64(r.IntN(40))}
		if len(all)%50 == 0 {
			p.Departments = append(p.Departments, department)
		}
		all = append(all, p)
	}
	return all
}

type lexicon struct {
	names, surnames [2][]string
	rare            [2][]string // surnames
	middle          [2][]string
	positions       []string
}

func newLexicon(c country) lexicon {
	l := lexicon{positions: strings.Split(c.positions, ";")}
	for g, names := range []string{c.men, c.women} {
		for _, name := range strings.Fields(names) {
			l.names[g] = append(l.names[g], strings.ReplaceAll(name, "_", " "))
		}
		for _, stem := range strings.Fields(c.stems) {
			for _, ending := range strings.Fields(c.endings[g]) {
				if c.latin {
					stem = capital(latin(stem))
				}
				ending = strings.Trim(ending, "0")
				if strings.HasSuffix(stem, "ш") && strings.HasPrefix(ending, "ч") {
					stem, ending = strings.TrimSuffix(stem, "ш"), "щ"+strings.TrimPrefix(ending, "ч")
				}
				l.surnames[g] = append(l.surnames[g], stem+ending)
				for _, middle := range middles(stem + ending) {
					l.rare[g] = append(l.rare[g], stem+middle+ending)
				}
			}
		}
		if c.fathers[g] != "" {
			for _, father := range strings.Fields(c.men) {
				l.middle[g] = append(l.middle[g], strings.TrimRight(father, "йояь")+c.fathers[g])
			}
		}
	}
	return l
}

// middles are syllables that make rare surnames of common ones.
func middles(surname string) []string {
	switch {
	case strings.ContainsAny(surname, "аеиоуяюіқғ"):
		return strings.Fields("ак ул ен ар ош ун ич ик")
	case strings.ContainsAny(surname, "aeiou"):
		return strings.Fields("ak ul en ar osh un ich ik")
	}
	return nil
}

func (l lexicon) person(r *rand.Rand) staff.Person {
	g := r.IntN(2)
	pick := func(list []string) string { // some are much commoner than others
		return list[min(r.IntN(len(list)), r.IntN(len(list)))]
	}
	p := staff.Person{Name: pick(l.names[g]), LastName: pick(l.surnames[g]), Position: pick(l.positions)}
	if len(l.middle[g]) > 0 && r.IntN(4) > 0 {
		p.SecondName = pick(l.middle[g])
	}
	if len(l.rare[g]) > 0 && r.IntN(4) == 0 {
		p.LastName = l.rare[g][r.IntN(len(l.rare[g]))]
	}
	switch r.IntN(12) {
	case 0:
		p.LastName += "-" + pick(l.surnames[g])
	case 1:
		p.Name, p.LastName = "", p.Name+" "+p.LastName // typed into one field
	}
	p.Email = address(p)
	return p
}

// address is what a person of that name is given.
func address(p staff.Person) string {
	first, last := latin(p.Name), latin(p.LastName)
	switch {
	case last == "":
		return "info"
	case first == "":
		return last
	}
	return first[:1] + "." + last
}

// portal is a staff of 100,000 with the people of testdata/people.tsv in it.
var portal = sync.OnceValue(func() *staff.Index {
	people := append(labelledPeople(), generated(100_000)...)
	return staff.New(people, append(generatedDepartments(), labelledDepartments()...))
})
