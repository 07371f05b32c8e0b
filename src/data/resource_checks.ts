/** Checks the resources of all sources against each other. */
import { Turn } from "../runtime/turn.ts";
import { constraintViolations } from "./constraint_violations.ts";
import type { DocumentProblem, Source } from "./data_provider.ts";
import { KINDS, type Resource } from "./resource.ts";
import { ResourceView } from "./resource_view.ts";

export interface CheckedResources {
  /** Resources without a problem, in the order of their kinds. */
  readonly resources: readonly Resource[];
  readonly problems: ReadonlyMap<Source, readonly DocumentProblem[]>;
}

/** Leaves out resources with a problem, and the later one of two that claim the same name. */
export async function checkResources(sources: readonly Source[]): Promise<CheckedResources> {
  const accepted = new ResourceView({ sources });
  const resources: Resource[] = [];
  const problems = new Map<Source, DocumentProblem[]>();
  const turn = new Turn();
  for (const kind of Object.keys(KINDS)) {
    for (const source of sources) {
      if (source.kind !== kind) continue;
      const found: DocumentProblem[] = [];
      for (const [index, resource] of source.resources.entries()) {
        if (resource === undefined) continue;
        if (turn.isOver) await turn.next();
        const violations = constraintViolations(resource, accepted);
        if (violations.length === 0) resources.push(accepted.add(resource));
        else accepted.addNames(resource);
        for (const { rule: _, ...problem } of violations) found.push({ index, at: "value", ...problem });
      }
      if (found.length > 0) problems.set(source, found);
    }
  }
  return { resources, problems };
}
