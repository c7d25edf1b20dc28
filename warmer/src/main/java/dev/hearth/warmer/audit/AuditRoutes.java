package dev.hearth.warmer.audit;

import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Audits over HTTP: {@code POST /v1/audits} begins one and answers where it is to be seen, {@code
 * GET /v1/audits/{id}}; {@code DELETE} ends it. Problems as RFC 9457 says them.
 */
public final class AuditRoutes implements Routes {
  private static final String PATH = "/v1/audits";

  private final Supplier<AuditRuns> runs;
  private final List<AuditedCache> caches;

  /**
   * The routes.
   *
   * @param runs throws a problem while they do not run
   * @param caches all in the configuration
   */
  public AuditRoutes(Supplier<AuditRuns> runs, List<AuditedCache> caches) {
    this.runs = runs;
    this.caches = List.copyOf(caches);
  }

  @Override
  public void register(RoutesConfig routes) {
    routes.post(PATH, this::begin);
    routes.get(
        PATH, context -> context.json(runs.get().all().stream().map(AuditView::of).toList()));
    routes.get(PATH + "/{id}", context -> context.json(AuditView.of(found(context))));
    routes.delete(PATH + "/{id}", this::cancel);
  }

  private void begin(Context context) {
    AuditRequest request = AuditRequestBody.parse(context.body(), caches);
    AuditRuns.Answer answer = runs.get().begin(request);
    if (answer instanceof AuditRuns.Answer.Started started) {
      String id = started.run().id();
      context.status(202).header("Location", PATH + "/" + id).json(AuditView.of(started.run()));
      return;
    }
    AuditRun other = ((AuditRuns.Answer.Busy) answer).run();
    String at = PATH + "/" + other.id();
    throw new ProblemException(
        ProblemDetail.of(
            409,
            "Conflict",
            "An audit runs already, since "
                + other.startedAt()
                + ", and there is one at a time: wait for it with GET "
                + at
                + ", or end it with DELETE "
                + at
                + "."));
  }

  private void cancel(Context context) {
    AuditRun run = found(context);
    runs.get().cancel(run.id());
    if (run.state() != AuditRun.State.CANCELLED) {
      throw new ProblemException(
          ProblemDetail.of(
              409,
              "Conflict",
              "Audit "
                  + run.id()
                  + " has ended already, as "
                  + run.state().name().toLowerCase(Locale.ROOT)
                  + "; there is nothing to cancel."));
    }
    context.json(AuditView.of(run));
  }

  private AuditRun found(Context context) {
    String id = context.pathParam("id");
    return runs.get()
        .find(id)
        .orElseThrow(
            () ->
                new ProblemException(
                    ProblemDetail.of(
                        404,
                        "Not Found",
                        "There is no audit \""
                            + id
                            + "\"; the latest 20 are remembered, until the service ends.")));
  }
}
