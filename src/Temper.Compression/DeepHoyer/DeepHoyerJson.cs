using System.Text.Json.Serialization;

namespace Temper.Compression.DeepHoyer;

/// <summary>The regularizers' options as JSON, by generated code.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GroupHoyerSquare))]
[JsonSerializable(typeof(HoyerSquare))]
[JsonSerializable(typeof(L1))]
internal sealed partial class DeepHoyerJson : JsonSerializerContext;
