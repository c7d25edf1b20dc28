package dev.hearth.ingest.position;

/**
 * What a publication is made of, so that one that was changed and changed back is told apart from
 * one that stayed: each row of its catalog entries with the transaction that wrote it.
 */
public final class PublicationMark {
  private PublicationMark() {}

  /** One text for the publication whose name is the parameter; empty where there is none. */
  public static final String QUERY =
      """
      coalesce((select p.oid || ' ' || p.xmin || coalesce(': ' || (
                         select string_agg(r.prrelid || ' ' || r.oid || ' ' || r.xmin, ', '
                                           order by r.prrelid)
                           from pg_catalog.pg_publication_rel r where r.prpubid = p.oid), '')
                  from pg_catalog.pg_publication p where p.pubname = ?), '')
      """;
}
