/** The page: a phone for the account that its address names; it registers as soon as it is there. */
import "./node_events.ts";
import { JsSipPhone } from "./jssip_phone.ts";
import type { PageAccount, PagePhone, Report } from "./page_phone.ts";
import { SipJsPhone } from "./sipjs_phone.ts";

/** `report` is given to the page by the test, `phone` to the test by the page. */
const page = globalThis as unknown as { readonly report: Report; phone: PagePhone };

const account = Object.fromEntries(new URLSearchParams(location.search)) as unknown as PageAccount;
const report: Report = (type, detail = "") => page.report(type, detail);
page.phone = account.library === "jssip" ? new JsSipPhone(account, report) : new SipJsPhone(account, report);
await page.phone.start();
