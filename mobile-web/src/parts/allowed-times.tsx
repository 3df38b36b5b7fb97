import { isOver } from "../household/access";
import { timesLine } from "../household/describe";
import { holdsAt } from "../household/holds";
import type { Phone } from "../protocol.gen";
import { locale, words } from "../words";
import { useSession } from "./session";

/** When a phone with limited times may do something here; nothing for everybody else. */
export function AllowedTimes({ me }: { me: Phone }) {
	const { household } = useSession();
	const now = household.nowMs.value;
	const { times } = words.value.trust;
	const line = timesLine(me, now, words.value, locale.value);
	if (me.rights.length > 0 && !line) return null;
	if (isOver(me, now)) return <p class="allowed-times">{times.over}</p>;
	// By this phone's clock it is time, and still the doorbell says no.
	const lost = me.rights.length === 0 && line !== "" && holdsAt(me, new Date(now));
	return (
		<p class="allowed-times" data-testid="allowed-times">
			{lost && `${words.value.household.clockUnknown} `}
			{me.rights.length === 0 && !lost && `${times.noneNow} `}
			{line && times.hours(line)}
		</p>
	);
}
