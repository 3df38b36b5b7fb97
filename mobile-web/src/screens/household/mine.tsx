import { RIGHTS } from "../../household/access";
import { timesLine } from "../../household/describe";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import type { HouseholdView, Member } from "../../protocol.gen";
import { locale, words } from "../../words";
import { PasskeyRow } from "./list";

/** What a phone that does not manage the household may do itself, and when. */
export function MinePage({ member, view }: { member: Member; view: HouseholdView }) {
	const { now } = useHousehold();
	const { household: text } = words.value;
	const { phone, passkey } = member;
	const times = timesLine(phone, now(), words.value, locale.value);
	return (
		<>
			<Card icon="phone" title={phone.name}>
				<ul class="own-rights" data-testid="own-rights">
					{RIGHTS.map((right) => {
						const has = phone.rights.includes(right);
						return (
							<li key={right} class={has ? "has" : "lacks"} data-right={right} data-has={has}>
								<Icon name={has ? "check" : "close"} />
								<span>
									{text.rightNames[right]}
									{has && <small>{text.rightMeanings[right]}</small>}
								</span>
							</li>
						);
					})}
				</ul>
				{phone.rights.length < RIGHTS.length && <p class="hint">{text.askAdmin}</p>}
			</Card>
			<div class="column">
				<Card icon="clock" title={text.phone.times}>
					<p data-testid="own-times">{times || text.access.always}</p>
					{times && !view.clock && <p class="banner bad">{text.clockUnknown}</p>}
				</Card>
				{phone.rights.includes("unlock") && (
					<Card>
						<nav class="rows">
							<PasskeyRow made={passkey} />
						</nav>
					</Card>
				)}
			</div>
		</>
	);
}
