using System.Reflection;

namespace Temper.Architecture.Tests;

/// <summary>Formats types and members that users can see, one line each.</summary>
internal static class Signatures
{
    internal static string Of(Type type)
    {
        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : "class";
        string form = type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract && !type.IsInterface ? "abstract "
            : type is { IsSealed: true, IsValueType: false } && kind is "class" ? "sealed " : "";
        string parent = type.BaseType is { } up && up != typeof(object) && up != typeof(ValueType) && !type.IsEnum && kind is not "delegate" ? $" : {Name(up)}" : "";
        return $"{form}{kind} {type.Namespace}.{Name(type)}{parent}";
    }

    /// <summary>
    /// Returns null for members that users cannot see, and for accessors, which are part of their properties.
    /// </summary>
    internal static string? Of(MemberInfo member) => member switch
    {
        FieldInfo { IsPublic: true, IsSpecialName: false } field => field.DeclaringType!.IsEnum
            ? field.IsLiteral ? $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue())}" : null
            : $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        PropertyInfo property when Sees(property.GetMethod) || Sees(property.SetMethod) => Of(property),
        EventInfo happening when Sees(happening.AddMethod) => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        ConstructorInfo constructor when Sees(constructor) => $"new({Parameters(constructor)})",
        MethodInfo method when Sees(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) => Of(method),
        _ => null,
    };

    private static string Of(PropertyInfo property)
    {
        string accessors = string.Concat(Sees(property.GetMethod) ? "get; " : "", Sees(property.SetMethod) ? "set; " : "");
        string index = property.GetIndexParameters() is { Length: > 0 } parameters
            ? $"[{string.Join(", ", parameters.Select(parameter => Name(parameter.ParameterType)))}]"
            : "";
        bool isStatic = (property.GetMethod ?? property.SetMethod)!.IsStatic;
        return $"{(isStatic ? "static " : "")}{Name(property.PropertyType)} {property.Name}{index} {{ {accessors}}}";
    }

    private static string Of(MethodInfo method)
    {
        string generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        return $"{(method.IsStatic ? "static " : method.IsAbstract ? "abstract " : "")}{Name(method.ReturnType)} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "null"}" : "")}"));

    private static bool Sees(MethodBase? method) => method is { IsPublic: true } or { IsFamily: true } or { IsFamilyOrAssembly: true };

    private static string Name(Type type)
    {
        if (type.IsByRef || type.IsArray)
        {
            return Name(type.GetElementType()!) + (type.IsByRef ? "&" : "[]");
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return $"{Name(value)}?";
        }

        string name = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : $"{name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
