// The schemas of kinds, as the server cuts them out of /openapi/v3 (dashboard/schemas.py); each is asked for once.
let address = "";
const asked = new Map();
let kinds = null;

export function serveFrom(url) {
  address = url;
}

async function json(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // without an answer there is no help, and the text can be written all the same
  }
}

// [{apiVersion, kind, namespaced}]
export function kindsServed() {
  return (kinds ??= json(address).then((found) => found ?? ((kinds = null), [])));
}

// {root, types} of a kind, or null when the cluster does not have it.
export function schemaOf({ apiVersion, kind }) {
  if (!apiVersion || !kind || !/^[\w.-]+(\/[\w.-]+)?$/.test(apiVersion) || !/^\w+$/.test(kind)) return Promise.resolve(null);
  const key = `${apiVersion}/${kind}`;
  if (!asked.has(key)) {
    asked.set(key, json(`${address}${key}/`).then((found) => {
      if (!found) setTimeout(() => asked.delete(key), 5000); // half typed, or a CRD still to come
      return found;
    }));
  }
  return asked.get(key);
}

// The field that a path leads to: {type, ref, of, map, doc …}; null where the schema ends.
export function fieldAt(schema, path) {
  let field = { type: "object", ref: schema.root };
  for (const key of path) {
    field = step(schema, field, key);
    if (!field) return null;
  }
  return field;
}

export function step(schema, field, key) {
  if (key === "[]") return field.of ?? null;
  if (field.map) return field.map;
  return fieldsOf(schema, field)?.[key] ?? null;
}

// The fields of an object, null when it has none of its own.
export function fieldsOf(schema, field) {
  const type = field.ref && schema.types[field.ref];
  return type ? type.fields : null;
}

export function docOf(schema, field) {
  return field.doc || (field.ref && schema.types[field.ref]?.doc) || "";
}

// "list of Container", "map of string", "integer"
export function nameOf(field, texts) {
  const short = (ref) => ref.split(".").pop();
  if (field.type === "list") return `${texts.list} ${nameOf(field.of, texts)}`;
  if (field.type === "map") return `${texts.map} ${nameOf(field.map, texts)}`;
  if (field.type === "any") return texts.any;
  return field.ref ? short(field.ref) : field.type;
}
