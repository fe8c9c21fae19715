/** Face landmarks over HTTP. openapi.json describes the service; README.md says how to run and deploy it. */
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import openapi from "../openapi.json";
import { RequestError } from "./errors.ts";
import { finder, landmarker, readFaces, toJson } from "./faces.ts";
import { limit } from "./limit.ts";
import { type Job, readJobs } from "./request.ts";

interface Env {
  MAX_BODY_BYTES: string;
  MAX_DECODE_BYTES: string;
  MAX_BOXES: string;
  MAX_IMAGES: string;
  CORS_ORIGIN: string;
  TOKEN?: string;
}

const app = new Hono<{ Bindings: Env }>();

const problem = (code: string, message: string) => ({ error: { code, message } });

async function answer({ image, wanted }: Job) {
  const decoded = await image();
  const { width, height } = decoded;
  return { width, height, faces: readFaces(decoded, wanted).map(toJson) };
}

app.use("*", async (c, next) => {
  const start = Date.now();
  await next();
  // What happened, never what was in the image.
  const { method, path } = c.req;
  console.log(
    JSON.stringify({
      event: "request",
      method,
      path,
      status: c.res.status,
      type: c.req.header("content-type")?.split(";")[0],
      bytes: Number(c.req.header("content-length") ?? Number.NaN), // null where the client doesn't say
      ms: Date.now() - start,
    }),
  );
});
app.use("*", (c, next) =>
  c.env.CORS_ORIGIN
    ? cors({ origin: c.env.CORS_ORIGIN, allowMethods: ["GET", "POST"], maxAge: 86_400 })(c, next)
    : next(),
);

app.get("/health", (c) => c.json({ status: "ok", ...landmarker.info, finder: finder.info }));
app.get("/openapi.json", (c) => c.json(openapi));

app.use("/landmarks", (c, next) =>
  c.env.TOKEN
    ? bearerAuth<{ Bindings: Env }>({
        token: c.env.TOKEN, // compared in constant time
        noAuthenticationHeader: {
          message: problem("unauthorized", "Send the header Authorization: Bearer <token>."),
        },
        invalidAuthenticationHeader: {
          message: problem("unauthorized", "The Authorization header isn't Bearer <token>."),
        },
        invalidToken: { message: problem("unauthorized", "The token is wrong.") },
      })(c, next)
    : next(),
);
app.use("/landmarks", (c, next) =>
  bodyLimit({
    maxSize: limit(c.env, "MAX_BODY_BYTES"),
    onError: (c) =>
      c.json(problem("body_too_large", `The body is larger than ${c.env.MAX_BODY_BYTES} bytes.`), 413),
  })(c, next),
);
app.post("/landmarks", async (c) => {
  const limits = {
    maxDecodeBytes: limit(c.env, "MAX_DECODE_BYTES"),
    maxBoxes: limit(c.env, "MAX_BOXES"),
    maxImages: limit(c.env, "MAX_IMAGES"),
  };
  const { jobs, isBatch } = await readJobs(c.req.raw, limits);
  if (!isBatch) return c.json(await answer(jobs[0]!));
  const images = [];
  for (const job of jobs) {
    try {
      images.push({ name: job.name, ...(await answer(job)) });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      images.push({ name: job.name, ...problem(error.code, error.message) });
    }
  }
  return c.json({ images });
});

app.all("/landmarks", (c) => {
  c.header("Allow", "POST");
  return c.json(problem("method_not_allowed", "Use POST."), 405);
});
app.notFound((c) =>
  c.json(problem("not_found", "There are POST /landmarks, GET /health and GET /openapi.json."), 404),
);
app.onError((error, c) => {
  if (error instanceof RequestError) return c.json(problem(error.code, error.message), error.status);
  if ("getResponse" in error && typeof error.getResponse === "function") return error.getResponse();
  console.error(JSON.stringify({ event: "error", message: error.message, stack: error.stack }));
  return c.json(problem("internal", "Something went wrong on our side."), 500);
});

export default app;
