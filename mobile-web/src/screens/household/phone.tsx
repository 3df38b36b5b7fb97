import { useSignal } from "@preact/signals";
import {
	type AccessDraft,
	accessOf,
	draftOf,
	isFault,
	isLastAdmin,
	sameDraft,
} from "../../household/access";
import { dayAndTime } from "../../household/describe";
import { faultLine } from "../../household/tell";
import { Ask } from "../../parts/ask";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import { notify } from "../../parts/notice";
import type { Member } from "../../protocol.gen";
import { go, paths } from "../../router";
import { locale, words } from "../../words";
import { RightsCard, TimesCard } from "./access-form";
import { useAsking } from "./use-asking";

/** One phone: its name, what it may do and when, and its end. */
export function PhonePage({ id }: { id: string }) {
	const { desk, doorbell } = useHousehold();
	const { phone: text } = words.value.household;
	const member = desk.view.value?.members.find(({ phone }) => phone.id === id);
	if (member) return <PhoneForm member={member} />;
	return (
		<div class="empty wide">
			<p>{text.gone}</p>
			<a class="pill quiet" href={paths.household(doorbell)}>
				{text.toList}
			</a>
		</div>
	);
}

interface PhoneDraft {
	readonly name: string;
	readonly access: AccessDraft;
}

function PhoneForm({ member }: { member: Member }) {
	const { desk, me, now } = useHousehold();
	const { phone } = member;
	const { household: text } = words.value;
	const typed = useSignal<PhoneDraft | null>(null);
	const asking = useAsking();
	const kept: PhoneDraft = { name: phone.name, access: draftOf(phone) };
	const draft = typed.value ?? kept;
	const change = (next: PhoneDraft) => {
		asking.fault.value = "";
		typed.value = next.name === kept.name && sameDraft(next.access, kept.access) ? null : next;
	};
	const save = async () => {
		const access = accessOf(draft.access, now());
		const name = draft.name.trim();
		if (name === "") asking.fault.value = text.access.faults.no_name;
		else if (isFault(access)) asking.fault.value = faultLine(access, draft.access, words.value);
		else {
			const done = await asking.run(() =>
				desk.ask({ type: "change_phone", phone: phone.id, name, access }),
			);
			if (!done) return;
			typed.value = null;
			notify(text.phone.saved);
		}
	};
	const onlyAdmin = isLastAdmin(
		phone,
		(desk.view.value?.members ?? []).map((each) => each.phone),
	);
	return (
		<>
			{onlyAdmin && (
				<p class="banner wide" data-testid="only-admin">
					{text.phone.onlyAdmin}
				</p>
			)}
			{!onlyAdmin && phone.id === me && <p class="banner wide">{text.phone.yourself}</p>}
			<div class="column">
				<NameCard
					member={member}
					name={draft.name}
					onChange={(name) => change({ ...draft, name })}
				/>
				<RightsCard draft={draft.access} onChange={(access) => change({ ...draft, access })} />
			</div>
			<div class="column">
				<TimesCard draft={draft.access} onChange={(access) => change({ ...draft, access })} />
				{member.passkey && <PasskeyCard id={phone.id} />}
				<Remove member={member} />
			</div>
			{(typed.value || asking.fault.value) && (
				<div class="save-bar wide">
					<p role={asking.fault.value ? "alert" : "status"} data-testid="save-line">
						{asking.fault.value || text.phone.unsaved}
					</p>
					<div class="actions">
						<button
							type="button"
							class="pill quiet"
							onClick={() => {
								typed.value = null;
								asking.fault.value = "";
							}}
						>
							{text.phone.discard}
						</button>
						<button
							type="button"
							class="pill primary"
							data-testid="save"
							disabled={!asking.ready}
							onClick={() => void save()}
						>
							{text.phone.save}
						</button>
					</div>
				</div>
			)}
		</>
	);
}

interface NameProps {
	member: Member;
	name: string;
	onChange: (name: string) => void;
}

function NameCard({ member: { since_ms, calling }, name, onChange }: NameProps) {
	const { household: text } = words.value;
	return (
		<Card>
			<label class="field">
				<span>{text.phone.name}</span>
				<input
					type="text"
					data-testid="name"
					maxLength={60}
					autocomplete="off"
					value={name}
					onInput={(event) => onChange(event.currentTarget.value)}
				/>
			</label>
			<p class="hint">
				{since_ms !== null && text.phone.since(dayAndTime(since_ms, locale.value))}
				{calling && (
					<span class="calling">
						<span class="lamp on" /> {text.list.calling}
					</span>
				)}
			</p>
		</Card>
	);
}

function PasskeyCard({ id }: { id: string }) {
	const { desk } = useHousehold();
	const { phone: text } = words.value.household;
	const asking = useAsking();
	const remove = async () => {
		const done = await asking.run(() => desk.ask({ type: "remove_passkey", phone: id }));
		if (done) notify(text.passkeyRemoved);
	};
	return (
		<Card icon="key" title={text.passkey}>
			<p>{text.passkeyMade}</p>
			{asking.fault.value && <p class="hint bad">{asking.fault.value}</p>}
			<button
				type="button"
				class="pill quiet"
				data-testid="remove-passkey"
				disabled={!asking.ready}
				onClick={() => void remove()}
			>
				{text.passkeyRemove}
			</button>
		</Card>
	);
}

function Remove({ member: { phone } }: { member: Member }) {
	const { desk, doorbell } = useHousehold();
	const { phone: text } = words.value.household;
	const open = useSignal(false);
	const asking = useAsking();
	const remove = async () => {
		const done = await asking.run(() => desk.ask({ type: "remove_phone", phone: phone.id }));
		open.value = false;
		if (!done) return;
		notify(text.removed(phone.name));
		go(paths.household(doorbell), "replace");
	};
	return (
		<Card>
			{open.value ? (
				<Ask
					question={text.removeAsk(phone.name)}
					yes={text.removeYes}
					hook="remove-yes"
					busy={!asking.ready}
					onYes={() => void remove()}
					onNo={() => (open.value = false)}
				>
					<p>{text.removeWhat}</p>
				</Ask>
			) : (
				<button
					type="button"
					class="pill quiet wide remove"
					data-testid="remove"
					disabled={!asking.ready}
					onClick={() => (open.value = true)}
				>
					<Icon name="trash" />
					{text.remove}
				</button>
			)}
			{asking.fault.value && (
				<p class="hint bad" role="alert" data-testid="remove-fault">
					{asking.fault.value}
				</p>
			)}
		</Card>
	);
}
