import type { software as english } from "./software.en";

/** German texts of the doorbell's updates. */
export const software: typeof english = {
	title: "Software",
	line: "Version und Updates",
	runs: (version) => `Auf dieser Türklingel läuft Version ${version}.`,
	newest: "Es gibt keine neuere Version.",
	offered: (version) => `Version ${version} ist bereit`,
	version: (version) => `Version ${version}`,
	notes: "Was neu ist",
	what: "Die Türklingel prüft, wer sie unterschrieben hat, wartet, bis niemand an der Tür ist, und startet neu. Das dauert etwa eine Minute. Läuft die neue Version nicht, kehrt die Türklingel von selbst zu dieser zurück.",
	install: "Jetzt installieren",
	look: "Nach Updates sehen",
	automatic: "Neue Versionen werden nachts von selbst installiert.",
	steps: {
		downloading: (percent) => `Wird geladen: ${percent} %`,
		waiting: "Geladen. Gewartet wird, bis niemand an der Tür ist und kein Gespräch läuft.",
		installing:
			"Wird installiert. Die Türklingel startet neu, und diese Seite kommt von selbst wieder.",
	},
	done: (version) => `Version ${version} ist installiert.`,
	rolledBack: (version) => `Version ${version} lief nicht, deshalb läuft wieder die vorige.`,
	troubles: {
		off: "Nirgends steht, woher Updates kommen; die Türklingel wird mit ihrem Paket erneuert.",
		keys: "Diese Türklingel vertraut keinem Schlüssel für Updates; sie wird mit ihrem Paket erneuert.",
		network:
			"Woher Updates kommen, ist nicht erreichbar. Die Türklingel versucht es von selbst wieder.",
		signature: "Das Angebot ist nicht unterschrieben, wie es sein muss. Es wird nicht installiert.",
		broken: "Das Update wurde unterwegs beschädigt. Lade es noch einmal.",
		wrong_system: "Das Angebot ist für ein anderes System als das dieser Türklingel.",
		too_old: "Diese Version ist für diese Türklingel zu alt. Warte auf eine neuere.",
		space: "Auf der Karte der Türklingel ist kein Platz für das Update.",
		read_only:
			"Die Karte der Türklingel lässt sich nicht beschreiben. Starte die Türklingel neu, oder ersetze die Karte.",
		unhealthy: "Es ist nichts zu tun; warte auf die nächste Version.",
		no_former: "Es gibt keine vorige Version, zu der es zurückgehen könnte.",
		fault: "Das Update wurde nicht installiert.",
	},
};
