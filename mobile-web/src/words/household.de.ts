import type { household as english } from "./household.en";

/** German texts of the household's pages. */
export const household: typeof english = {
	title: "Haushalt",
	open: "Telefone, Einladungen, Protokoll",
	mine: "Deine Rechte",
	askAdmin: "Ein Telefon mit „admin“ kann mehr erlauben.",

	line: {
		connecting: "Verbindet mit der Klingel …",
		away: "Die Klingel ist weg. Prüfe ihren Strom und ihr Netz.",
		offline: "Der Server ist nicht erreichbar. Prüfe das Netz dieses Telefons.",
		stranger:
			"Wer geantwortet hat, ist nicht deine Klingel; darum wurde nichts gefragt. Sag es der Person, die den Server betreibt.",
		closed: "Die Klingel antwortet gerade nicht.",
		refused: "Die Klingel hat dieses Telefon nicht hereingelassen.",
		lastKnown: "Du siehst den letzten Stand. Änderungen brauchen die Klingel.",
	},

	refused: {
		last_admin:
			"Dies ist das letzte Telefon, das den Haushalt auf Dauer verwalten darf. Gib zuerst einem anderen das Recht dazu, ohne Ende und ohne Zeiten.",
		unknown: "Das gibt es nicht mehr. Vielleicht hat es gerade jemand anders geändert.",
		full: "Mehr passt nicht hinein. Entferne etwas, das nicht gebraucht wird.",
		rate: "Das war zu oft. Warte eine Minute und versuche es dann noch einmal.",
		silent: "Die Klingel hat nicht geantwortet. Versuche es noch einmal.",
	},

	everything: "Alles",
	allButAdmin: "Alles außer den Haushalt verwalten",
	nothing: "Nichts",
	everyDay: "Jeden Tag",
	nextDayMark: " (Folgetag)",
	until: (when) => `bis ${when}`,
	over: (when) => `Beendet ${when}`,
	clockUnknown:
		"Die Klingel kennt die Uhrzeit noch nicht. Telefone mit begrenzten Zeiten bleiben so lange draußen.",
	rightNames: {
		view: "Sehen und hören",
		talk: "Sprechen",
		light: "Licht",
		chime: "Gong",
		unlock: "Tür öffnen",
		history: "Frühere Besuche",
		admin: "Haushalt verwalten",
	},
	rightMeanings: {
		view: "Bild und Ton der Tür, und das Klingeln.",
		talk: "Durch die Tür sprechen und kurze Antworten geben.",
		light: "Das Licht an der Tür schalten.",
		chime: "Den Gong im Haus läuten.",
		unlock: "Das Schloss öffnen. Jedes Öffnen wird unterschrieben und notiert.",
		history: "Aufnahmen von denen, die früher da waren.",
		admin: "Telefone einladen, entfernen und ändern, was sie dürfen.",
	},
	shortRights: {
		view: "sehen",
		talk: "sprechen",
		light: "Licht",
		chime: "Gong",
		unlock: "öffnen",
		history: "frühere Besuche",
		admin: "verwalten",
	},

	list: {
		phones: "Telefone",
		thisPhone: "dieses Telefon",
		calling: "ruft gerade an",
		invite: "Telefon einladen",
		inviteOpen: "Eine Einladung ist offen",
		tokens: "Andere Programme",
		tokensLine: (count) =>
			count === 0
				? "Home Assistant, go2rtc, OBS"
				: count === 1
					? "1 Schlüssel"
					: `${String(count)} Schlüssel`,
		rules: "Regeln zum Öffnen",
		rulesLine: (passkey, broker) =>
			[passkey ? "mit Passkey" : "ohne Passkey", broker ? "Hausautomation darf öffnen" : ""]
				.filter(Boolean)
				.join(" · "),
		passkey: "Passkey dieses Telefons",
		passkeyYes: "Angelegt",
		passkeyNo: "Noch nicht angelegt",
		log: "Protokoll",
		logLine: "Wer was wann getan hat",
	},

	phone: {
		gone: "Dieses Telefon gehört nicht mehr zum Haushalt.",
		toList: "Alle Telefone",
		name: "Name",
		may: "Darf",
		times: "Wann",
		since: (when) => `Gekoppelt ${when}.`,
		onlyAdmin:
			"Nur dieses Telefon darf den Haushalt auf Dauer verwalten. Es kann das weder abgeben noch entfernt werden, bevor ein anderes das Recht hat, ohne Ende und ohne Zeiten.",
		yourself: "Das ist das Telefon in deiner Hand: Was du wegnimmst, nimmst du dir selbst.",
		passkey: "Passkey",
		passkeyMade:
			"Dieses Telefon hat einen Passkey. Entferne ihn, damit es einen neuen anlegen kann.",
		passkeyRemove: "Passkey entfernen",
		passkeyRemoved: "Der Passkey ist entfernt. Das Telefon kann einen neuen anlegen.",
		save: "Speichern",
		saved: "Gespeichert.",
		discard: "Verwerfen",
		unsaved: "Noch nicht gespeichert",
		remove: "Dieses Telefon entfernen",
		removeAsk: (name) => `„${name}“ entfernen?`,
		removeWhat:
			"Ein laufender Anruf endet sofort. Zum Wiederkommen braucht es eine neue Einladung. Das Protokoll behält, was es getan hat.",
		removeYes: "Endgültig entfernen",
		removed: (name) => `„${name}“ ist entfernt.`,
	},

	access: {
		until: "Nur bis",
		untilWhen: "Endet",
		hours: "Nur zu manchen Zeiten",
		hoursHint: "Nach der Uhr der Klingel. Ohne Zeiten gelten die Rechte Tag und Nacht.",
		from: "Von",
		to: "Bis",
		nextDay: "Endet am nächsten Tag.",
		add: "Zeiten hinzufügen",
		removeHours: (span) => `${span} entfernen`,
		always: "Immer, Tag und Nacht.",
		faults: {
			no_rights: "Wähle wenigstens eines, das das Telefon darf.",
			until_past: "Das Ende liegt in der Vergangenheit. Wähle eine spätere Zeit.",
			until_unreadable: "Wähle Tag und Uhrzeit, zu der die Rechte enden.",
			no_days: (span) => `Wähle wenigstens einen Tag für ${span}.`,
			no_time: "Wähle, wann die Zeiten beginnen und wann sie enden.",
			same_times: (span) =>
				`${span} beginnt und endet zur selben Zeit. Ändere eine davon, oder entferne sie für Tag und Nacht.`,
			no_name: "Gib dem Telefon einen Namen.",
		},
	},

	invite: {
		title: "Telefon einladen",
		who: "Wer kommt?",
		presets: { family: "Familie", guest: "Gast", delivery: "Lieferung" },
		presetMeanings: {
			family: "Alles außer den Haushalt verwalten, immer.",
			guest: "Sehen und sprechen. Kein Öffnen, keine früheren Besuche.",
			delivery: "Sehen, sprechen und öffnen von Montag bis Samstag, eine Woche lang.",
		},
		change: "Ändern, was es darf",
		make: "Code anlegen",
		show: "Das andere Telefon scannt dies mit seiner Kamera.",
		code: "QR-Code mit der Einladung",
		once: "Gilt einmal.",
		left: (time) => `noch ${time}`,
		tries: (count) => (count === 1 ? "Noch ein Versuch." : `Noch ${String(count)} Versuche.`),
		share: "Link teilen",
		copy: "Link kopieren",
		copyWord: "Kopieren",
		copied: "Kopiert.",
		notCopied: "Dieser Browser kopiert nicht. Markiere den Link und kopiere ihn von Hand.",
		secret: "Wer den Link hat, kann ihn benutzen. Schick ihn nur, wem du ihn geben willst.",
		shareText: (door) => `Eine Einladung zu ${door}`,
		withdraw: "Zurückziehen",
		withdrawn: "Die Einladung ist zurückgezogen.",
		used: (name) => `„${name}“ gehört jetzt zum Haushalt`,
		usedHint: "Der Code kann nicht noch einmal benutzt werden.",
		toPhone: "Was es darf",
		expired: "Der Code ist jetzt zu alt. Niemand hat ihn benutzt.",
		void: "Der Code gilt nicht mehr: Er wurde zurückgezogen oder zu oft versucht.",
		again: "Noch ein Telefon einladen",
		elsewhere:
			"Eine andere Einladung ist offen. Ihr Code wird nur dort gezeigt, wo er angelegt wurde; ein neuer macht ihn ungültig.",
	},

	tokens: {
		title: "Andere Programme",
		lead: "Ein Schlüssel lässt ein Programm ohne Telefon herein: Es kann nur eines, und du kannst ihn zurücknehmen.",
		make: "Neuer Schlüssel",
		name: "Wofür ist er?",
		nameHint: "Home Assistant",
		kinds: { view: "Sehen und hören", record: "Aufnahmen schicken" },
		kindMeanings: {
			view: "Bild und Ton, live. Er kann nicht sprechen, schalten oder öffnen.",
			record: "Aufnahmen auf deinen Server legen. Er sieht nichts.",
		},
		until: "Nur bis",
		makeNow: "Schlüssel anlegen",
		made: (name) => `Der Schlüssel „${name}“`,
		once: "Er wird nur dieses eine Mal gezeigt. Kopiere ihn jetzt: Später kann ihn niemand nachsehen, nur widerrufen.",
		whep: "Adresse (WHEP)",
		go2rtc: "Für go2rtc und Home Assistant",
		whip: "Adresse (WHIP), für OBS und andere",
		bearer: "Bearer-Token",
		copy: (what) => `Kopieren: ${what}`,
		done: "Ich habe ihn aufgehoben",
		list: "Schlüssel",
		none: "Noch kein Schlüssel.",
		since: (when) => `Angelegt ${when}`,
		used: (when) => `zuletzt benutzt ${when}`,
		unused: "nie benutzt",
		ends: (when) => `bis ${when}`,
		over: (when) => `beendet ${when}`,
		revoke: "Widerrufen",
		revokeAsk: (name) => `„${name}“ widerrufen? Was ihn benutzt, hört sofort auf.`,
		revokeYes: "Endgültig widerrufen",
		revoked: "Der Schlüssel ist widerrufen.",
		noName: "Sag, wofür der Schlüssel ist, damit du später weißt, was du widerrufst.",
	},

	rules: {
		title: "Regeln zum Öffnen",
		passkey: "Jedes Öffnen mit Passkey",
		passkeyWhy:
			"Das Telefon fragt vor jedem Öffnen nach Finger, Gesicht oder Code. Ein entsperrt gestohlenes Telefon öffnet nichts.",
		without: (names) => `Noch ohne Passkey: ${names}.`,
		shutOut: (names) => `Sie können erst öffnen, wenn sie einen Passkey anlegen: ${names}.`,
		broker: "Hausautomation darf öffnen",
		brokerWhy: "Regeln in Home Assistant und Ähnlichem können die Tür über MQTT öffnen.",
		brokerWarn:
			"Wer den Broker beherrscht, kann dann deine Tür öffnen: alle mit seinem Passwort und jedes Programm, das dort schreiben darf. Kein Telefon und kein Passkey wird gefragt. Jedes Öffnen wird notiert.",
		brokerAsk: "Soll die Hausautomation die Tür öffnen dürfen?",
		brokerYes: "Ja, sie darf öffnen",
		saved: "Gespeichert.",
	},

	passkey: {
		title: "Passkey dieses Telefons",
		what: "Mit einem Passkey fragt das Telefon nach Finger, Gesicht oder Code, bevor es die Tür öffnet. Dein Telefon bewahrt ihn auf; die Tür lernt nur, ihn zu erkennen.",
		needed: "Dieser Haushalt verlangt bei jedem Öffnen einen Passkey.",
		notNeeded: "Dieser Haushalt verlangt noch keinen.",
		have: "Dieses Telefon hat einen Passkey.",
		lost: "Verloren, oder er geht nicht mehr? Wer „admin“ hat, kann ihn entfernen; dann leg hier einen neuen an.",
		make: "Passkey anlegen",
		made: "Der Passkey ist angelegt.",
		troubles: {
			unsupported:
				"Dieser Browser kann hier keine Passkeys anlegen. Nimm einen, der es kann, unter einer sicheren (https-)Adresse.",
			missing: "Die Klingel kennt keinen Passkey dieses Telefons. Leg zuerst einen an.",
			cancelled:
				"Es wurde kein Passkey angelegt: Das Telefon hat nicht bestätigt, wer du bist. Versuche es noch einmal.",
			elsewhere:
				"Ein Passkey gehört zu der Adresse, unter der die App geöffnet ist. Öffne sie dort, wo dieses Telefon gekoppelt wurde.",
			exists:
				"Dieses Telefon hat schon einen Passkey für die Tür. Entferne ihn in seinen Einstellungen und versuche es noch einmal.",
		},
		noUnlock: "Dieses Telefon darf die Tür nicht öffnen und braucht darum keinen Passkey.",
	},
};
