// module
import def, { a as b } from "one";
import * as ns from "two" with { type: "json" };
export { b, ns as space };
export * from "three";
export * as all from "four";
export let counter = 0;
export default function () { counter++; return b + def; }
const hidden = await ns;
