import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { BrokenChainError, type ChainedRow } from "../../household/chain";
import type { HouseholdDesk } from "../../household/desk";
import { exportedLog, saveText } from "../../household/export";
import { AuditLog } from "../../household/log";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import { notify } from "../../parts/notice";
import { words } from "../../words";
import { LogRows } from "./log-rows";
import { useAsking } from "./use-asking";

/** What was done at the door and with the household, newest first, checked as it is read. */
export function LogPage() {
	const { desk } = useHousehold();
	const { log: text } = words.value;
	const unlocks = useSignal(false);
	const asking = useAsking();
	const book = useMemo(() => newBook(desk), [desk]);
	const wanted = (row: ChainedRow) => !unlocks.value || isUnlock(row);
	const more = () =>
		asking.run(() =>
			book.load(wanted).catch((error: unknown) => {
				// The page says it large.
				if (!(error instanceof BrokenChainError)) throw error;
			}),
		);
	const open = desk.state.value.phase === "open";
	useEffect(() => {
		if (open && book.rows.value.length === 0) void more();
	}, [open]);
	const rows = book.rows.value.filter(wanted);
	return (
		<>
			<div class="log-head wide">
				<p class="hint">{text.lead}</p>
				<div class="log-tools">
					<Trust book={book} />
					<Export />
				</div>
				<div class="choices" role="radiogroup" aria-label={text.filter}>
					{[false, true].map((only) => (
						<label key={String(only)} class="choice">
							<input
								type="radio"
								name="log-filter"
								data-testid={only ? "only-unlocks" : "all-rows"}
								checked={unlocks.value === only}
								onChange={() => (unlocks.value = only)}
							/>
							<span>{only ? text.unlocks : text.all}</span>
						</label>
					))}
				</div>
			</div>
			<Card class="wide log-card">
				{rows.length > 0 && <LogRows rows={rows} />}
				{rows.length === 0 && !asking.busy.value && (
					<p class="hint">{unlocks.value ? text.noUnlocks : text.none}</p>
				)}
				{asking.busy.value && <p class="hint">{words.value.app.loading}</p>}
				{asking.fault.value && (
					<p class="hint bad" role="alert">
						{asking.fault.value}
					</p>
				)}
				{book.more.value && (
					<button
						type="button"
						class="pill quiet wide"
						data-testid="log-more"
						disabled={!asking.ready}
						onClick={() => void more()}
					>
						{text.more}
					</button>
				)}
			</Card>
		</>
	);
}

function newBook(desk: HouseholdDesk): AuditLog {
	return new AuditLog(
		(asked) => desk.ask(asked),
		(text) => desk.readHead(text),
	);
}

/** Whether a row is about opening the door. */
function isUnlock({ row }: ChainedRow): boolean {
	return row.what.startsWith("unlock");
}

/** The small sign that nobody changed what is shown. */
function Trust({ book }: { book: AuditLog }) {
	const { log: text } = words.value;
	const trust = book.trust.value;
	if (trust === "unknown") return null;
	if (trust === "broken") {
		return (
			<div class="banner bad" role="alert" data-testid="log-trust" data-trust={trust}>
				<strong>{text.broken}</strong>
				<p>{text.brokenMore}</p>
			</div>
		);
	}
	const head = book.signed.value?.statement;
	return (
		<p class="trust" data-testid="log-trust" data-trust={trust}>
			<Icon name="check" />
			<span>
				{head ? text.unbroken : text.checked}
				<small>{head ? text.unbrokenMore(head.number) : text.checkedMore}</small>
			</span>
		</p>
	);
}

/** The whole log in a file, up to a head that the doorbell signs for it. */
function Export() {
	const { desk } = useHousehold();
	const { log: text } = words.value;
	const asking = useAsking();
	const save = async () => {
		const done = await asking.run(async () => {
			const book = newBook(desk);
			await book.loadAll();
			const head = book.signed.value;
			if (!head) throw new BrokenChainError("head");
			const day = new Date().toISOString().slice(0, 10);
			saveText(`doorstep-log-${day}.jsonl`, exportedLog(book.rows.value, head));
		});
		if (done) notify(text.exported);
		else if (asking.fault.value) notify(text.failed, "bad");
	};
	return (
		<button
			type="button"
			class="pill quiet"
			data-testid="log-export"
			disabled={!asking.ready}
			onClick={() => void save()}
		>
			<Icon name="download" />
			{asking.busy.value ? text.exporting : text.export}
		</button>
	);
}
