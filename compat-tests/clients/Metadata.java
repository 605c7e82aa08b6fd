import java.sql.*;
import java.util.*;

/** What tools ask pgjdbc about the database of compat-tests/attached. The program prints what must not depend on the server: rights and functions are asked for, but only that they answer. */
public final class Metadata {
    interface Rows { ResultSet get() throws SQLException; }

    static void print(String title, Rows rows, String... columns) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (ResultSet result = rows.get()) {
            while (result.next()) {
                StringBuilder line = new StringBuilder();
                for (String column : columns) line.append(' ').append(result.getString(column));
                lines.add(line.toString());
            }
        }
        Collections.sort(lines);
        System.out.println(title);
        for (String line : lines) System.out.println(" " + line);
    }

    static void answers(String title, Rows rows) throws SQLException {
        try (ResultSet result = rows.get()) {
            while (result.next()) { }
            System.out.println(title + " answers with " + result.getMetaData().getColumnCount() + " columns");
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Connection connection = DriverManager.getConnection(arguments[0], arguments[1], "")) {
            DatabaseMetaData meta = connection.getMetaData();
            System.out.println(meta.getDatabaseProductName() + " " + meta.getDatabaseMajorVersion() + " " + connection.getSchema() + " " + connection.getCatalog());
            System.out.println("keywords " + meta.getSQLKeywords());
            System.out.println("functions " + meta.getStringFunctions() + meta.getMaxColumnNameLength());
            print("schemas", () -> meta.getSchemas(null, "%s"), "TABLE_SCHEM");
            print("tables", () -> meta.getTables(null, "public", "%", new String[] {"TABLE", "VIEW", "MATERIALIZED VIEW", "PARTITIONED TABLE"}), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE");
            print("tables of others", () -> meta.getTables(null, "%", "%e_", new String[] {"TABLE"}), "TABLE_SCHEM", "TABLE_NAME");
            print("table types", meta::getTableTypes, "TABLE_TYPE");
            print("columns", () -> meta.getColumns(null, "sales", "orders", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "ORDINAL_POSITION");
            print("columns", () -> meta.getColumns(null, "public", "e%", "%"), "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "ORDINAL_POSITION");
            answers("primary keys", () -> meta.getPrimaryKeys(null, "public", "en"));
            answers("indexes", () -> meta.getIndexInfo(null, "public", "en", false, false));
            answers("best row", () -> meta.getBestRowIdentifier(null, "public", "en", DatabaseMetaData.bestRowSession, true));
            for (String table : new String[] {"customer", "purchase", "line", "swapped", "measures", "top", "bare"}) {
                print("primary key of " + table, () -> meta.getPrimaryKeys(null, "keyed", table), "COLUMN_NAME", "KEY_SEQ", "PK_NAME");
                print("indexes of " + table, () -> meta.getIndexInfo(null, "keyed", table, false, true), "INDEX_NAME", "NON_UNIQUE", "TYPE", "ORDINAL_POSITION", "COLUMN_NAME", "ASC_OR_DESC", "FILTER_CONDITION");
                print("best row of " + table, () -> meta.getBestRowIdentifier(null, "keyed", table, DatabaseMetaData.bestRowSession, true), "COLUMN_NAME", "TYPE_NAME");
                print("imported keys of " + table, () -> meta.getImportedKeys(null, "keyed", table), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKCOLUMN_NAME", "KEY_SEQ", "UPDATE_RULE", "DELETE_RULE", "FK_NAME", "PK_NAME", "DEFERRABILITY");
                print("exported keys of " + table, () -> meta.getExportedKeys(null, "keyed", table), "FKTABLE_NAME", "FKCOLUMN_NAME", "PKCOLUMN_NAME", "KEY_SEQ", "FK_NAME");
                print("columns of " + table, () -> meta.getColumns(null, "keyed", table, "%"), "COLUMN_NAME", "TYPE_NAME", "NULLABLE", "REMARKS", "COLUMN_DEF", "IS_AUTOINCREMENT", "IS_GENERATEDCOLUMN");
            }
            print("keyed", () -> meta.getTables(null, "keyed", "%", null), "TABLE_NAME", "TABLE_TYPE", "REMARKS");
            answers("version columns", () -> meta.getVersionColumns(null, "public", "en"));
            answers("imported keys", () -> meta.getImportedKeys(null, "public", "en"));
            answers("exported keys", () -> meta.getExportedKeys(null, "public", "en"));
            answers("cross reference", () -> meta.getCrossReference(null, "public", "en", null, "public", "en2"));
            answers("table privileges", () -> meta.getTablePrivileges(null, "public", "en"));
            answers("column privileges", () -> meta.getColumnPrivileges(null, "public", "en", "%"));
            answers("user types", () -> meta.getUDTs(null, "public", "%", null));
            answers("functions", () -> meta.getFunctions(null, "pg_catalog", "lower"));
            answers("function columns", () -> meta.getFunctionColumns(null, "pg_catalog", "lower", "%"));
            answers("procedures", () -> meta.getProcedures(null, "public", "%"));
            answers("procedure columns", () -> meta.getProcedureColumns(null, "public", "%", "%"));
            answers("types", meta::getTypeInfo);
            answers("catalogs", meta::getCatalogs);
            answers("client properties", meta::getClientInfoProperties);
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            System.out.println("isolation " + connection.getTransactionIsolation());
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            System.out.println("isolation " + connection.getTransactionIsolation());
            try (CallableStatement call = connection.prepareCall("{? = call upper(?)}")) {
                call.registerOutParameter(1, Types.VARCHAR);
                call.setString(2, "quiet");
                call.execute();
                System.out.println("call " + call.getString(1));
            }
            try (PreparedStatement statement = connection.prepareStatement("SELECT ?::regclass::text, has_table_privilege(?, 'select')")) {
                statement.setString(1, "sales.orders");
                statement.setString(2, "en");
                try (ResultSet result = statement.executeQuery()) {
                    result.next();
                    System.out.println("parameters " + result.getString(1) + " " + result.getBoolean(2));
                }
            }
            try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery("SELECT id, amount, placed AS at FROM sales.orders")) {
                ResultSetMetaData columns = result.getMetaData();
                for (int i = 1; i <= columns.getColumnCount(); i++)
                    System.out.println("result " + columns.getColumnLabel(i) + " " + columns.getColumnTypeName(i) + " " + columns.getPrecision(i) + " " + columns.getScale(i));
            }
        }
    }
}
