import type { trust as english } from "./trust.en";

/** German texts of who may do what, and of those who pretend. */
export const trust: typeof english = {
	ends: {
		impostor:
			"Das war nicht deine Klingel: Jemand zwischen ihr und diesem Telefon hat verändert, was sie sagte. Der Anruf wurde beendet, bevor etwas davon zu sehen, zu hören oder gesendet war. Versuche es in diesem Netz nicht noch einmal und sag es der Person, die deinen Server betreibt.",
		stranger:
			"Dieses Telefon hat diese Klingel nie kennengelernt und kann nicht wissen, ob es deine ist. Kopple es an der Tür mit ihr.",
		forgotten:
			"Dieses Telefon wurde aus dem Haushalt genommen; die Klingel antwortet ihm nicht mehr.",
		rate: "Das wurde zu oft gefragt.",
	},

	waitSeconds: (seconds) =>
		seconds === 1
			? "Versuche es in einer Sekunde noch einmal."
			: `Versuche es in ${seconds} Sekunden noch einmal.`,
	waitMinutes: (minutes) =>
		minutes === 1
			? "Versuche es in einer Minute noch einmal."
			: `Versuche es in ${minutes} Minuten noch einmal.`,
	tooOften: "Das wurde zu oft gefragt.",

	unlock: {
		opened: (seconds, row) =>
			`Die Tür ist ${seconds} lang offen. Das ist Nummer ${row} im Protokoll der Klingel.`,
		thenPasskey: "Nach dem Schieben fragt dieses Telefon nach Finger, Gesicht oder Code.",
		waiting: "Bestätige mit Finger, Gesicht oder Code.",
		opening: "Öffnet …",
		failed: "Nicht geöffnet",
		again: "Noch einmal",
		toSettings: "Passkey einrichten",
		late: "Das hat zu lange gedauert. Frage noch einmal.",
		rate: "Das war zu oft. Warte eine Minute und versuche es noch einmal, oder nimm den Schlüssel.",
		noReceipt:
			"Die Klingel sagt, sie habe geöffnet, hat es aber nicht unterschrieben. Sieh nach der Tür. Kommt das wieder vor, sag es der Person, die deinen Server betreibt.",
		passkey: {
			unsupported:
				"Diese Tür verlangt einen Passkey, und dieser Browser hat an dieser Adresse keine. Nimm ein anderes Telefon oder den Schlüssel.",
			missing:
				"Diese Tür verlangt einen Passkey, und dieses Telefon hat noch keinen. Richte ihn in den Einstellungen dieses Telefons ein.",
			cancelled:
				"Du hast nicht bestätigt, oder der Passkey ist nicht mehr auf diesem Telefon. Die Tür blieb zu. Versuche es noch einmal, oder nimm den Schlüssel.",
			elsewhere:
				"Der Passkey entstand an einer anderen Adresse von Doorstep. Öffne jene Adresse, oder bitte jemanden mit dem Recht „admin“, den Passkey zu entfernen, und richte hier einen neuen ein.",
			exists: "Dieses Telefon hat für diese Tür schon einen Passkey.",
		},
	},

	audit: {
		title: "Das Protokoll der Klingel wurde verändert oder zurückgesetzt",
		text: "Es geht nicht dort weiter, wo dieses Telefon es zuletzt sah. Es können also Einträge fehlen: wer in einem Gespräch war, wer geöffnet hat. Auch eine alte Karte, die wieder eingesetzt wurde, kann der Grund sein. Frage, wer sich um die Klingel kümmert.",
		seen: "Zur Kenntnis genommen",
		noted: "Notiert. Ab jetzt zählt das Protokoll wieder.",
	},

	out: {
		title: "Dieses Telefon wurde herausgenommen",
		text: (doors) =>
			`Es gehört nicht mehr zum Haushalt von ${doors}: Jemand hat es entfernt, oder der Haushalt wurde neu begonnen. Es sieht, hört und öffnet dort nichts mehr.`,
		everywhere:
			"Der Server kennt dieses Telefon nicht mehr: Jemand hat es entfernt, oder der Haushalt wurde neu begonnen. Es sieht, hört und öffnet nichts mehr.",
		how: "Um zurückzukommen, bitte jemanden mit dem Recht „admin“ um eine Einladung oder scanne den Code an der Tür, und öffne den Link auf diesem Telefon.",
		forget: "Alte Kopplung vergessen",
		forgetWhy: "Das Vergessen entfernt Bilder und Schlüssel dieses Haushalts von diesem Telefon.",
	},

	times: {
		noneNow: "Dieses Telefon darf hier zu dieser Stunde nichts.",
		hours: (when) => `Erlaubt: ${when}.`,
		over: "Die Zeit dieses Telefons an dieser Tür ist vorbei. Jemand mit dem Recht „admin“ kann ihm mehr geben.",
	},
};
