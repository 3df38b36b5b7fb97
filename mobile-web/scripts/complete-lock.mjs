// Names every optional platform package in package-lock.json, also those that the registry in use
// does not carry: `npm ci` refuses a lock in which one is missing. Run by `npm run lock`.
import { readFileSync, writeFileSync } from "node:fs";

const LOCK = new URL("../package-lock.json", import.meta.url);
const SYSTEMS = [
	"android",
	"darwin",
	"freebsd",
	"linux",
	"netbsd",
	"openbsd",
	"openharmony",
	"win32",
];
const PROCESSORS = [
	"arm64",
	"arm",
	"ia32",
	"loong64",
	"ppc64",
	"riscv64",
	"s390x",
	"x64",
	"wasm32",
];

const lock = JSON.parse(readFileSync(LOCK, "utf8"));
const added = {};
for (const [owner, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
	for (const [name, version] of Object.entries(optionalDependencies)) {
		if (isKnown(owner, name)) continue;
		const platform = platformOf(name);
		if (!platform || !/^\d/.test(version)) continue;
		added[`node_modules/${name}`] = { version, ...flagsOf(owner), optional: true, ...platform };
	}
}
const packages = Object.entries({ ...lock.packages, ...added });
lock.packages = Object.fromEntries(packages.sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(LOCK, `${JSON.stringify(lock, null, "\t")}\n`);
process.stdout.write(`${Object.keys(added).length} platform packages added\n`);

function isKnown(owner, name) {
	return [`${owner}/node_modules/${name}`, `node_modules/${name}`].some(
		(path) => lock.packages[path],
	);
}

function flagsOf(owner) {
	return lock.packages[owner].dev ? { dev: true } : {};
}

/** "@rollup/rollup-linux-arm64-musl" → its system, processor and C library. */
function platformOf(name) {
	const words = name.slice(name.indexOf("/") + 1).split("-");
	const os = words.find((word) => SYSTEMS.includes(word));
	const cpu = words.find((word) => PROCESSORS.includes(word));
	if (!os || !cpu) return undefined;
	const last = words.at(-1);
	const libc = last.startsWith("musl") ? "musl" : last.startsWith("gnu") ? "glibc" : undefined;
	return { cpu: [cpu], os: [os], ...(os === "linux" && libc ? { libc: [libc] } : {}) };
}
