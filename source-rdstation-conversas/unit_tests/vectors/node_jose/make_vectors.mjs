// Encrypts pages of messages the way the vendor's documented library does: node-jose, one page for each enc and alg.
//
//   npm install && node make_vectors.mjs                              writes vectors.json beside this file
//   node make_vectors.mjs --key JWK_FILE --out FILE                   the same with another key, to another place
//   ... --contents FILE                                               the contents: an object, name to text
//
// The page is passed as a *string*, as a JavaScript caller does. node-jose turns a string into bytes with Buffer's
// "binary" encoding, which keeps the low byte of each UTF-16 unit (lib/jwe/encrypt.js, util.asBuffer): everything above
// U+00FF is destroyed before it is encrypted, so that the damage in the vectors is the library's own, not simulated.
// `low byte` pages come for each pair of alg and enc, the other forms once.
// `utf8` pages pass a Buffer instead: what a repaired server would send. `nested` ones were stringified twice.
// Each run draws new content keys and IVs. Facts: api/conversas.md, sections 5.1 and 5.2.

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import jose from "node-jose";

const ALGS = ["RSA-OAEP-256", "RSA-OAEP"];
const ENCS = ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

const beside = (name) => new URL(name, import.meta.url);
const { values: options } = parseArgs({
  options: {
    key: { type: "string", default: beside("TEST_ONLY_private_key.json").pathname },
    contents: { type: "string", default: beside("contents.json").pathname },
    out: { type: "string", default: beside("vectors.json").pathname },
  },
});
const jwk = JSON.parse(readFileSync(options.key, "utf8"));
const contents = JSON.parse(readFileSync(options.contents, "utf8"));

const messages = Object.values(contents).map((content, index) => ({
  sent_by: index % 2 ? "operator" : "customer",
  content,
  created_at: new Date(Date.UTC(2026, 7, 1, 12, 0, 59 - index)).toISOString(),
  status: "read",
  is_reply: false,
  is_template_message: false,
}));

const FORMS = {
  "low byte": (page) => JSON.stringify(page),
  "low byte, spaced": (page) => JSON.stringify(page, null, 1),
  "low byte, nested": (page) => JSON.stringify(JSON.stringify(page)),
  utf8: (page) => Buffer.from(JSON.stringify(page), "utf8"),
  empty: () => "[]",
};

async function encrypt(plaintext, alg, enc) {
  const { kty, n, e, kid } = jwk; // the public half, all that a server keeps
  const key = await jose.JWK.asKey({ kty, n, e, kid, use: "enc", alg });
  return jose.JWE.createEncrypt({ format: "compact", contentAlg: enc }, key).update(plaintext).final();
}

const [USUAL_ALG, USUAL_ENC] = [ALGS[0], ENCS[0]]; // what the documented library does unless told otherwise
const pages = [];
for (const [form, write] of Object.entries(FORMS)) {
  const pairs = form === "low byte" ? ALGS.flatMap((alg) => ENCS.map((enc) => [alg, enc])) : [[USUAL_ALG, USUAL_ENC]];
  for (const [alg, enc] of pairs) {
    pages.push({ alg, enc, form, jwe: await encrypt(write(messages), alg, enc) });
  }
}
writeFileSync(options.out, JSON.stringify({ made_by: "node-jose 2.2.0", messages, pages }, null, 1) + "\n");
