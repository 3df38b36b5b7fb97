import { isTimed } from "../../household/access";
import { rightsLine, timesLine } from "../../household/describe";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { Row } from "../../parts/row";
import type { HouseholdView, Member } from "../../protocol.gen";
import { paths } from "../../router";
import { locale, words } from "../../words";
import { MinePage } from "./mine";

/** All phones of the household, and the ways to everything else. */
export function ListPage() {
	const { desk, me } = useHousehold();
	const view = desk.view.value;
	const mine = view?.members.find(({ phone }) => phone.id === me);
	if (!view) return null;
	if (mine && !mine.phone.rights.includes("admin")) return <MinePage member={mine} view={view} />;
	return (
		<>
			<Phones view={view} />
			<More view={view} mine={mine} />
		</>
	);
}

function Phones({ view }: { view: HouseholdView }) {
	const { doorbell, code } = useHousehold();
	const { household: text } = words.value;
	const timed = view.members.some(({ phone }) => isTimed(phone));
	return (
		<Card icon="phone" title={text.list.phones}>
			{!view.clock && timed && <p class="banner bad">{text.clockUnknown}</p>}
			<ul class="rows" data-testid="members">
				{view.members.map((member) => (
					<li key={member.phone.id}>
						<MemberRow member={member} />
					</li>
				))}
			</ul>
			<a
				class="pill primary wide"
				href={paths.household(doorbell, "invite")}
				data-testid="to-invite"
			>
				{view.invitation || code.value ? text.list.inviteOpen : text.list.invite}
			</a>
		</Card>
	);
}

function MemberRow({ member: { phone, calling } }: { member: Member }) {
	const { doorbell, me, now } = useHousehold();
	const { household: text } = words.value;
	const times = timesLine(phone, now(), words.value, locale.value);
	return (
		<Row
			href={paths.household(doorbell, "phone", phone.id)}
			hook="member"
			title={phone.name}
			mark={phone.id === me ? text.list.thisPhone : undefined}
			lines={[rightsLine(phone, words.value), times]}
		>
			{calling && (
				<span class="calling" data-testid="calling">
					<span class="lamp on" /> {text.list.calling}
				</span>
			)}
		</Row>
	);
}

function More({ view, mine }: { view: HouseholdView; mine: Member | undefined }) {
	const { doorbell } = useHousehold();
	const { software, household } = words.value;
	const { list } = household;
	const { unlock_passkey, unlock_mqtt } = view.rules;
	return (
		<Card>
			<nav class="rows">
				<Row
					href={paths.household(doorbell, "log")}
					hook="to-log"
					icon="clock"
					title={list.log}
					lines={[list.logLine]}
				/>
				<Row
					href={paths.household(doorbell, "tokens")}
					hook="to-tokens"
					icon="eye"
					title={list.tokens}
					lines={[list.tokensLine(view.tokens.length)]}
				/>
				<Row
					href={paths.household(doorbell, "rules")}
					hook="to-rules"
					icon="lock"
					title={list.rules}
					lines={[list.rulesLine(unlock_passkey, unlock_mqtt)]}
				/>
				<Row
					href={paths.household(doorbell, "software")}
					hook="to-software"
					icon="info"
					title={software.title}
					lines={[software.line]}
				/>
				{mine?.phone.rights.includes("unlock") && <PasskeyRow made={mine.passkey} />}
			</nav>
		</Card>
	);
}

/** The way to this phone's own passkey. */
export function PasskeyRow({ made }: { made: boolean }) {
	const { doorbell } = useHousehold();
	const { list } = words.value.household;
	return (
		<Row
			href={paths.household(doorbell, "passkey")}
			hook="to-passkey"
			icon="key"
			title={list.passkey}
			lines={[made ? list.passkeyYes : list.passkeyNo]}
		/>
	);
}
