// Generated from PostgreSQL 15's errcodes.txt.
namespace Federation.Core.Errors;

public readonly partial record struct SqlState
{
    // Class 00 - Successful Completion
    public static readonly SqlState SuccessfulCompletion = new("00000");

    // Class 01 - Warning
    public static readonly SqlState Warning = new("01000");
    public static readonly SqlState WarningDynamicResultSetsReturned = new("0100C");
    public static readonly SqlState WarningImplicitZeroBitPadding = new("01008");
    public static readonly SqlState WarningNullValueEliminatedInSetFunction = new("01003");
    public static readonly SqlState WarningPrivilegeNotGranted = new("01007");
    public static readonly SqlState WarningPrivilegeNotRevoked = new("01006");
    public static readonly SqlState WarningStringDataRightTruncation = new("01004");
    public static readonly SqlState WarningDeprecatedFeature = new("01P01");

    // Class 02 - No Data (this is also a warning class per the SQL standard)
    public static readonly SqlState NoData = new("02000");
    public static readonly SqlState NoAdditionalDynamicResultSetsReturned = new("02001");

    // Class 03 - SQL Statement Not Yet Complete
    public static readonly SqlState SqlStatementNotYetComplete = new("03000");

    // Class 08 - Connection Exception
    public static readonly SqlState ConnectionException = new("08000");
    public static readonly SqlState ConnectionDoesNotExist = new("08003");
    public static readonly SqlState ConnectionFailure = new("08006");
    public static readonly SqlState SqlclientUnableToEstablishSqlconnection = new("08001");
    public static readonly SqlState SqlserverRejectedEstablishmentOfSqlconnection = new("08004");
    public static readonly SqlState TransactionResolutionUnknown = new("08007");
    public static readonly SqlState ProtocolViolation = new("08P01");

    // Class 09 - Triggered Action Exception
    public static readonly SqlState TriggeredActionException = new("09000");

    // Class 0A - Feature Not Supported
    public static readonly SqlState FeatureNotSupported = new("0A000");

    // Class 0B - Invalid Transaction Initiation
    public static readonly SqlState InvalidTransactionInitiation = new("0B000");

    // Class 0F - Locator Exception
    public static readonly SqlState LocatorException = new("0F000");
    public static readonly SqlState LEInvalidSpecification = new("0F001");

    // Class 0L - Invalid Grantor
    public static readonly SqlState InvalidGrantor = new("0L000");
    public static readonly SqlState InvalidGrantOperation = new("0LP01");

    // Class 0P - Invalid Role Specification
    public static readonly SqlState InvalidRoleSpecification = new("0P000");

    // Class 0Z - Diagnostics Exception
    public static readonly SqlState DiagnosticsException = new("0Z000");
    public static readonly SqlState StackedDiagnosticsAccessedWithoutActiveHandler = new("0Z002");

    // Class 20 - Case Not Found
    public static readonly SqlState CaseNotFound = new("20000");

    // Class 21 - Cardinality Violation
    public static readonly SqlState CardinalityViolation = new("21000");

    // Class 22 - Data Exception
    public static readonly SqlState DataException = new("22000");
    public static readonly SqlState ArrayElementError = new("2202E");
    public static readonly SqlState ArraySubscriptError = new("2202E");
    public static readonly SqlState CharacterNotInRepertoire = new("22021");
    public static readonly SqlState DatetimeFieldOverflow = new("22008");
    public static readonly SqlState DatetimeValueOutOfRange = new("22008");
    public static readonly SqlState DivisionByZero = new("22012");
    public static readonly SqlState ErrorInAssignment = new("22005");
    public static readonly SqlState EscapeCharacterConflict = new("2200B");
    public static readonly SqlState IndicatorOverflow = new("22022");
    public static readonly SqlState IntervalFieldOverflow = new("22015");
    public static readonly SqlState InvalidArgumentForLog = new("2201E");
    public static readonly SqlState InvalidArgumentForNtile = new("22014");
    public static readonly SqlState InvalidArgumentForNthValue = new("22016");
    public static readonly SqlState InvalidArgumentForPowerFunction = new("2201F");
    public static readonly SqlState InvalidArgumentForWidthBucketFunction = new("2201G");
    public static readonly SqlState InvalidCharacterValueForCast = new("22018");
    public static readonly SqlState InvalidDatetimeFormat = new("22007");
    public static readonly SqlState InvalidEscapeCharacter = new("22019");
    public static readonly SqlState InvalidEscapeOctet = new("2200D");
    public static readonly SqlState InvalidEscapeSequence = new("22025");
    public static readonly SqlState NonstandardUseOfEscapeCharacter = new("22P06");
    public static readonly SqlState InvalidIndicatorParameterValue = new("22010");
    public static readonly SqlState InvalidParameterValue = new("22023");
    public static readonly SqlState InvalidPrecedingOrFollowingSize = new("22013");
    public static readonly SqlState InvalidRegularExpression = new("2201B");
    public static readonly SqlState InvalidRowCountInLimitClause = new("2201W");
    public static readonly SqlState InvalidRowCountInResultOffsetClause = new("2201X");
    public static readonly SqlState InvalidTablesampleArgument = new("2202H");
    public static readonly SqlState InvalidTablesampleRepeat = new("2202G");
    public static readonly SqlState InvalidTimeZoneDisplacementValue = new("22009");
    public static readonly SqlState InvalidUseOfEscapeCharacter = new("2200C");
    public static readonly SqlState MostSpecificTypeMismatch = new("2200G");
    public static readonly SqlState NullValueNotAllowed = new("22004");
    public static readonly SqlState NullValueNoIndicatorParameter = new("22002");
    public static readonly SqlState NumericValueOutOfRange = new("22003");
    public static readonly SqlState SequenceGeneratorLimitExceeded = new("2200H");
    public static readonly SqlState StringDataLengthMismatch = new("22026");
    public static readonly SqlState StringDataRightTruncation = new("22001");
    public static readonly SqlState SubstringError = new("22011");
    public static readonly SqlState TrimError = new("22027");
    public static readonly SqlState UnterminatedCString = new("22024");
    public static readonly SqlState ZeroLengthCharacterString = new("2200F");
    public static readonly SqlState FloatingPointException = new("22P01");
    public static readonly SqlState InvalidTextRepresentation = new("22P02");
    public static readonly SqlState InvalidBinaryRepresentation = new("22P03");
    public static readonly SqlState BadCopyFileFormat = new("22P04");
    public static readonly SqlState UntranslatableCharacter = new("22P05");
    public static readonly SqlState NotAnXmlDocument = new("2200L");
    public static readonly SqlState InvalidXmlDocument = new("2200M");
    public static readonly SqlState InvalidXmlContent = new("2200N");
    public static readonly SqlState InvalidXmlComment = new("2200S");
    public static readonly SqlState InvalidXmlProcessingInstruction = new("2200T");
    public static readonly SqlState DuplicateJsonObjectKeyValue = new("22030");
    public static readonly SqlState InvalidArgumentForSqlJsonDatetimeFunction = new("22031");
    public static readonly SqlState InvalidJsonText = new("22032");
    public static readonly SqlState InvalidSqlJsonSubscript = new("22033");
    public static readonly SqlState MoreThanOneSqlJsonItem = new("22034");
    public static readonly SqlState NoSqlJsonItem = new("22035");
    public static readonly SqlState NonNumericSqlJsonItem = new("22036");
    public static readonly SqlState NonUniqueKeysInAJsonObject = new("22037");
    public static readonly SqlState SingletonSqlJsonItemRequired = new("22038");
    public static readonly SqlState SqlJsonArrayNotFound = new("22039");
    public static readonly SqlState SqlJsonMemberNotFound = new("2203A");
    public static readonly SqlState SqlJsonNumberNotFound = new("2203B");
    public static readonly SqlState SqlJsonObjectNotFound = new("2203C");
    public static readonly SqlState TooManyJsonArrayElements = new("2203D");
    public static readonly SqlState TooManyJsonObjectMembers = new("2203E");
    public static readonly SqlState SqlJsonScalarRequired = new("2203F");
    public static readonly SqlState SqlJsonItemCannotBeCastToTargetType = new("2203G");

    // Class 23 - Integrity Constraint Violation
    public static readonly SqlState IntegrityConstraintViolation = new("23000");
    public static readonly SqlState RestrictViolation = new("23001");
    public static readonly SqlState NotNullViolation = new("23502");
    public static readonly SqlState ForeignKeyViolation = new("23503");
    public static readonly SqlState UniqueViolation = new("23505");
    public static readonly SqlState CheckViolation = new("23514");
    public static readonly SqlState ExclusionViolation = new("23P01");

    // Class 24 - Invalid Cursor State
    public static readonly SqlState InvalidCursorState = new("24000");

    // Class 25 - Invalid Transaction State
    public static readonly SqlState InvalidTransactionState = new("25000");
    public static readonly SqlState ActiveSqlTransaction = new("25001");
    public static readonly SqlState BranchTransactionAlreadyActive = new("25002");
    public static readonly SqlState HeldCursorRequiresSameIsolationLevel = new("25008");
    public static readonly SqlState InappropriateAccessModeForBranchTransaction = new("25003");
    public static readonly SqlState InappropriateIsolationLevelForBranchTransaction = new("25004");
    public static readonly SqlState NoActiveSqlTransactionForBranchTransaction = new("25005");
    public static readonly SqlState ReadOnlySqlTransaction = new("25006");
    public static readonly SqlState SchemaAndDataStatementMixingNotSupported = new("25007");
    public static readonly SqlState NoActiveSqlTransaction = new("25P01");
    public static readonly SqlState InFailedSqlTransaction = new("25P02");
    public static readonly SqlState IdleInTransactionSessionTimeout = new("25P03");

    // Class 26 - Invalid SQL Statement Name
    public static readonly SqlState InvalidSqlStatementName = new("26000");

    // Class 27 - Triggered Data Change Violation
    public static readonly SqlState TriggeredDataChangeViolation = new("27000");

    // Class 28 - Invalid Authorization Specification
    public static readonly SqlState InvalidAuthorizationSpecification = new("28000");
    public static readonly SqlState InvalidPassword = new("28P01");

    // Class 2B - Dependent Privilege Descriptors Still Exist
    public static readonly SqlState DependentPrivilegeDescriptorsStillExist = new("2B000");
    public static readonly SqlState DependentObjectsStillExist = new("2BP01");

    // Class 2D - Invalid Transaction Termination
    public static readonly SqlState InvalidTransactionTermination = new("2D000");

    // Class 2F - SQL Routine Exception
    public static readonly SqlState SqlRoutineException = new("2F000");
    public static readonly SqlState SREFunctionExecutedNoReturnStatement = new("2F005");
    public static readonly SqlState SREModifyingSqlDataNotPermitted = new("2F002");
    public static readonly SqlState SREProhibitedSqlStatementAttempted = new("2F003");
    public static readonly SqlState SREReadingSqlDataNotPermitted = new("2F004");

    // Class 34 - Invalid Cursor Name
    public static readonly SqlState InvalidCursorName = new("34000");

    // Class 38 - External Routine Exception
    public static readonly SqlState ExternalRoutineException = new("38000");
    public static readonly SqlState EREContainingSqlNotPermitted = new("38001");
    public static readonly SqlState EREModifyingSqlDataNotPermitted = new("38002");
    public static readonly SqlState EREProhibitedSqlStatementAttempted = new("38003");
    public static readonly SqlState EREReadingSqlDataNotPermitted = new("38004");

    // Class 39 - External Routine Invocation Exception
    public static readonly SqlState ExternalRoutineInvocationException = new("39000");
    public static readonly SqlState ERIEInvalidSqlstateReturned = new("39001");
    public static readonly SqlState ERIENullValueNotAllowed = new("39004");
    public static readonly SqlState ERIETriggerProtocolViolated = new("39P01");
    public static readonly SqlState ERIESrfProtocolViolated = new("39P02");
    public static readonly SqlState ERIEEventTriggerProtocolViolated = new("39P03");

    // Class 3B - Savepoint Exception
    public static readonly SqlState SavepointException = new("3B000");
    public static readonly SqlState SEInvalidSpecification = new("3B001");

    // Class 3D - Invalid Catalog Name
    public static readonly SqlState InvalidCatalogName = new("3D000");

    // Class 3F - Invalid Schema Name
    public static readonly SqlState InvalidSchemaName = new("3F000");

    // Class 40 - Transaction Rollback
    public static readonly SqlState TransactionRollback = new("40000");
    public static readonly SqlState TRIntegrityConstraintViolation = new("40002");
    public static readonly SqlState TRSerializationFailure = new("40001");
    public static readonly SqlState TRStatementCompletionUnknown = new("40003");
    public static readonly SqlState TRDeadlockDetected = new("40P01");

    // Class 42 - Syntax Error or Access Rule Violation
    public static readonly SqlState SyntaxErrorOrAccessRuleViolation = new("42000");
    public static readonly SqlState SyntaxError = new("42601");
    public static readonly SqlState InsufficientPrivilege = new("42501");
    public static readonly SqlState CannotCoerce = new("42846");
    public static readonly SqlState GroupingError = new("42803");
    public static readonly SqlState WindowingError = new("42P20");
    public static readonly SqlState InvalidRecursion = new("42P19");
    public static readonly SqlState InvalidForeignKey = new("42830");
    public static readonly SqlState InvalidName = new("42602");
    public static readonly SqlState NameTooLong = new("42622");
    public static readonly SqlState ReservedName = new("42939");
    public static readonly SqlState DatatypeMismatch = new("42804");
    public static readonly SqlState IndeterminateDatatype = new("42P18");
    public static readonly SqlState CollationMismatch = new("42P21");
    public static readonly SqlState IndeterminateCollation = new("42P22");
    public static readonly SqlState WrongObjectType = new("42809");
    public static readonly SqlState GeneratedAlways = new("428C9");
    public static readonly SqlState UndefinedColumn = new("42703");
    public static readonly SqlState UndefinedCursor = new("34000");
    public static readonly SqlState UndefinedDatabase = new("3D000");
    public static readonly SqlState UndefinedFunction = new("42883");
    public static readonly SqlState UndefinedPstatement = new("26000");
    public static readonly SqlState UndefinedSchema = new("3F000");
    public static readonly SqlState UndefinedTable = new("42P01");
    public static readonly SqlState UndefinedParameter = new("42P02");
    public static readonly SqlState UndefinedObject = new("42704");
    public static readonly SqlState DuplicateColumn = new("42701");
    public static readonly SqlState DuplicateCursor = new("42P03");
    public static readonly SqlState DuplicateDatabase = new("42P04");
    public static readonly SqlState DuplicateFunction = new("42723");
    public static readonly SqlState DuplicatePstatement = new("42P05");
    public static readonly SqlState DuplicateSchema = new("42P06");
    public static readonly SqlState DuplicateTable = new("42P07");
    public static readonly SqlState DuplicateAlias = new("42712");
    public static readonly SqlState DuplicateObject = new("42710");
    public static readonly SqlState AmbiguousColumn = new("42702");
    public static readonly SqlState AmbiguousFunction = new("42725");
    public static readonly SqlState AmbiguousParameter = new("42P08");
    public static readonly SqlState AmbiguousAlias = new("42P09");
    public static readonly SqlState InvalidColumnReference = new("42P10");
    public static readonly SqlState InvalidColumnDefinition = new("42611");
    public static readonly SqlState InvalidCursorDefinition = new("42P11");
    public static readonly SqlState InvalidDatabaseDefinition = new("42P12");
    public static readonly SqlState InvalidFunctionDefinition = new("42P13");
    public static readonly SqlState InvalidPstatementDefinition = new("42P14");
    public static readonly SqlState InvalidSchemaDefinition = new("42P15");
    public static readonly SqlState InvalidTableDefinition = new("42P16");
    public static readonly SqlState InvalidObjectDefinition = new("42P17");

    // Class 44 - WITH CHECK OPTION Violation
    public static readonly SqlState WithCheckOptionViolation = new("44000");

    // Class 53 - Insufficient Resources
    public static readonly SqlState InsufficientResources = new("53000");
    public static readonly SqlState DiskFull = new("53100");
    public static readonly SqlState OutOfMemory = new("53200");
    public static readonly SqlState TooManyConnections = new("53300");
    public static readonly SqlState ConfigurationLimitExceeded = new("53400");

    // Class 54 - Program Limit Exceeded
    public static readonly SqlState ProgramLimitExceeded = new("54000");
    public static readonly SqlState StatementTooComplex = new("54001");
    public static readonly SqlState TooManyColumns = new("54011");
    public static readonly SqlState TooManyArguments = new("54023");

    // Class 55 - Object Not In Prerequisite State
    public static readonly SqlState ObjectNotInPrerequisiteState = new("55000");
    public static readonly SqlState ObjectInUse = new("55006");
    public static readonly SqlState CantChangeRuntimeParam = new("55P02");
    public static readonly SqlState LockNotAvailable = new("55P03");
    public static readonly SqlState UnsafeNewEnumValueUsage = new("55P04");

    // Class 57 - Operator Intervention
    public static readonly SqlState OperatorIntervention = new("57000");
    public static readonly SqlState QueryCanceled = new("57014");
    public static readonly SqlState AdminShutdown = new("57P01");
    public static readonly SqlState CrashShutdown = new("57P02");
    public static readonly SqlState CannotConnectNow = new("57P03");
    public static readonly SqlState DatabaseDropped = new("57P04");
    public static readonly SqlState IdleSessionTimeout = new("57P05");

    // Class 58 - System Error (errors external to PostgreSQL itself)
    public static readonly SqlState SystemError = new("58000");
    public static readonly SqlState IoError = new("58030");
    public static readonly SqlState UndefinedFile = new("58P01");
    public static readonly SqlState DuplicateFile = new("58P02");

    // Class 72 - Snapshot Failure
    public static readonly SqlState SnapshotTooOld = new("72000");

    // Class F0 - Configuration File Error
    public static readonly SqlState ConfigFileError = new("F0000");
    public static readonly SqlState LockFileExists = new("F0001");

    // Class HV - Foreign Data Wrapper Error (SQL/MED)
    public static readonly SqlState FdwError = new("HV000");
    public static readonly SqlState FdwColumnNameNotFound = new("HV005");
    public static readonly SqlState FdwDynamicParameterValueNeeded = new("HV002");
    public static readonly SqlState FdwFunctionSequenceError = new("HV010");
    public static readonly SqlState FdwInconsistentDescriptorInformation = new("HV021");
    public static readonly SqlState FdwInvalidAttributeValue = new("HV024");
    public static readonly SqlState FdwInvalidColumnName = new("HV007");
    public static readonly SqlState FdwInvalidColumnNumber = new("HV008");
    public static readonly SqlState FdwInvalidDataType = new("HV004");
    public static readonly SqlState FdwInvalidDataTypeDescriptors = new("HV006");
    public static readonly SqlState FdwInvalidDescriptorFieldIdentifier = new("HV091");
    public static readonly SqlState FdwInvalidHandle = new("HV00B");
    public static readonly SqlState FdwInvalidOptionIndex = new("HV00C");
    public static readonly SqlState FdwInvalidOptionName = new("HV00D");
    public static readonly SqlState FdwInvalidStringLengthOrBufferLength = new("HV090");
    public static readonly SqlState FdwInvalidStringFormat = new("HV00A");
    public static readonly SqlState FdwInvalidUseOfNullPointer = new("HV009");
    public static readonly SqlState FdwTooManyHandles = new("HV014");
    public static readonly SqlState FdwOutOfMemory = new("HV001");
    public static readonly SqlState FdwNoSchemas = new("HV00P");
    public static readonly SqlState FdwOptionNameNotFound = new("HV00J");
    public static readonly SqlState FdwReplyHandle = new("HV00K");
    public static readonly SqlState FdwSchemaNotFound = new("HV00Q");
    public static readonly SqlState FdwTableNotFound = new("HV00R");
    public static readonly SqlState FdwUnableToCreateExecution = new("HV00L");
    public static readonly SqlState FdwUnableToCreateReply = new("HV00M");
    public static readonly SqlState FdwUnableToEstablishConnection = new("HV00N");

    // Class P0 - PL/pgSQL Error
    public static readonly SqlState PlpgsqlError = new("P0000");
    public static readonly SqlState RaiseException = new("P0001");
    public static readonly SqlState NoDataFound = new("P0002");
    public static readonly SqlState TooManyRows = new("P0003");
    public static readonly SqlState AssertFailure = new("P0004");

    // Class XX - Internal Error
    public static readonly SqlState InternalError = new("XX000");
    public static readonly SqlState DataCorrupted = new("XX001");
    public static readonly SqlState IndexCorrupted = new("XX002");
}
